"""How good predictions are: scores per protocol beside the noise floor, intervals, calibration."""
