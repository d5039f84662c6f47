"""What tuning leaves: every trial, the scores side by side, and the parameters to use."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning.models import for_domain
from risicomodel.learning.tuning.nested import FINAL, TUNED, Found, with_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.tuning.space import TuningSettings

HEAD = """\
# @package _global_
# Parameters found by 'risicomodel tune', as models beside the others. To use them, copy this file
# to configs/experiment/tuned.yaml and add experiment=tuned to a command. How good choosing them so
# is, the nested scores in scores.csv beside this file tell; their score in a later run on the same
# figures is too kind: those figures chose them.
"""


def trials(found: Sequence[Found]) -> pd.DataFrame:
    """Return every trial of every study.

    Returns
    -------
    DataFrame
        ``domain``, ``model``, ``study``, ``number`` (0 is the model as configured), ``state``
        (``complete``, ``pruned``; ``fail`` where its worker was lost and the number done again),
        ``value`` (score on all inner folds together), ``inner_1``, … (after as many inner folds),
        ``params`` (JSON), ``seconds``.
    """
    rows = []
    for one in found:
        keys = dict(zip(("domain", "model", "study"), one.key, strict=True))
        for trial in one.trials:
            inner = {f"inner_{i}": value for i, value in enumerate(trial["inner"], start=1)}
            front = {name: trial[name] for name in ("number", "state", "value")}
            params = json.dumps(trial["params"])
            rows.append({**keys, **front, **inner, "params": params, "seconds": trial["seconds"]})
    table = pd.DataFrame(rows)
    last = ["params", "seconds"]
    inside = sorted(name for name in table.columns if str(name).startswith("inner_"))
    return table[["domain", "model", "study", "number", "state", "value", *inside, *last]]


def summary(found: Sequence[Found], table: pd.DataFrame, tuning: TuningSettings) -> pd.DataFrame:
    """Return, per domain and tuned model, what tuning brought.

    Returns
    -------
    DataFrame
        ``domain``, ``model``, ``configured`` and ``nested`` (scores on the outer folds, of the
        model as configured and of the tuned one), ``inner`` (the best trial's on all rows: too
        kind).
    """
    rows = table[
        (table["metric"] == tuning.metric)
        & (table["protocol"] == tuning.protocol)
        & (table["group"] == metrics.ALL)
    ].set_index(["domain", "model"])["value"]
    return pd.DataFrame(
        [
            {
                "domain": domain,
                "model": model,
                "configured": rows[domain, model],
                "nested": rows[domain, model + TUNED],
                "inner": one.value,
            }
            for one in found
            for domain, model, study in [one.key]
            if study == FINAL
        ]
    )


def tuned_models(
    chosen: Mapping[str, ModelSettings], found: Sequence[Found]
) -> dict[str, ModelSettings]:
    """Return the tuned models, each with the parameters to use for every domain."""
    out: dict[str, ModelSettings] = {}
    for one in found:
        domain, name, study = one.key
        if study == FINAL:
            tuned = out.setdefault(name + TUNED, replace(chosen[name], domains={}))
            of_domain = for_domain({name: chosen[name]}, domain)[name]
            tuned.domains[domain] = with_params(of_domain, one.params).params
    return out


def tuned_file(models: Mapping[str, ModelSettings]) -> str:
    """Return the text of ``tuned.yaml``, an experiment file."""
    lines = ["models:"]
    for name, settings in models.items():
        lines += [f"  {name}:", f"    kind: {settings.kind}", "    domains:"]
        for domain, params in settings.domains.items():
            lines += [f"      {domain}:"]
            lines += [f"        {key}: {json.dumps(value)}" for key, value in params.items()]
    return HEAD + "\n".join(lines) + "\n"
