"""How strong a contribution must be in every refit, so that few null features are that strong."""

from __future__ import annotations

import numpy as np

from risicomodel.core.arrays import Floats

STEPS = 400  # margins that are tried
ERRORS = 2.0  # standard errors over null features that a mean share is taken higher by
LEAST_FEATURES = 2  # that show how much null features differ


def smallest_sizes(terms: Floats) -> Floats:
    """Return the smallest size that terms have in any refit; 0 where their signs differ.

    Parameters
    ----------
    terms : array of shape (r, n, q)
        Contributions (in rate) by r refits; NaN where a feature has no value.

    Returns
    -------
    array of shape (n, q)

    Examples
    --------
    >>> smallest_sizes(np.array([[[0.2, -0.3, 0.1]], [[0.5, -0.1, -0.1]]])).tolist()
    [[0.2, 0.1, 0.0]]
    """
    low, high = terms.min(axis=0), terms.max(axis=0)
    out: Floats = np.maximum(np.maximum(low, -high), 0.0)
    return out


def null_margin(sizes: Floats, share: float) -> float:
    """Return the least margin that at most a share of null features' contributions exceed.

    A few null features are a sample of all there might be. So it is their mean share, with two
    standard errors over features added to it, that is at most the share asked for: then other null
    features pass in no larger share of wijken either, but for one draw in ten or so.

    Parameters
    ----------
    sizes : array of shape (n, q)
        From :func:`smallest_sizes`, of n wijken and q null features; NaN where there is no value.
    share : float
        Asked for, above 0 and below 1.

    Returns
    -------
    float
        In rate. With fewer than two null features, the largest size: none exceeds it.

    Examples
    --------
    >>> sizes = np.linspace(0, 1, 1001)[:, None] * np.ones(4)
    >>> round(null_margin(sizes, share=0.1), 2)
    0.9
    """
    sizes = sizes[:, np.isfinite(sizes).any(axis=0)]
    if sizes.size == 0:
        return 0.0
    margins = _tried(sizes)
    if sizes.shape[1] < LEAST_FEATURES:
        return float(margins[-1])
    exceeding = exceeding_shares(sizes, margins)
    error = ERRORS * exceeding.std(axis=1, ddof=1) / np.sqrt(sizes.shape[1])
    too_many = np.flatnonzero(exceeding.mean(axis=1) + error > share)
    return float(margins[too_many[-1] + 1 if len(too_many) else 0])


def _tried(sizes: Floats) -> Floats:
    """Return margins to try, rising from 0 to the largest size."""
    quantiles = np.nanquantile(sizes, np.linspace(0, 1, STEPS + 1))
    return np.unique(np.concatenate([[0.0], quantiles]))


def exceeding_shares(sizes: Floats, margins: Floats) -> Floats:
    """Return the share of wijken in which each null feature exceeds a margin.

    Parameters
    ----------
    sizes : array of shape (n, q)
        NaN where a feature has no value.
    margins : array of shape (m,)
        In rate.

    Returns
    -------
    array of shape (m, q)
        Share (0–1) of the wijken with a value.
    """
    columns = [np.sort(column[np.isfinite(column)]) for column in sizes.T]
    shares = [1 - np.searchsorted(c, margins, side="right") / len(c) for c in columns]
    return np.column_stack(shares)
