"""The output of tuning: all trials, a comparison of scores, and the parameters to use."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning.models import for_domain
from risicomodel.learning.tuning.nested import FINAL, TUNED, StudyResult, with_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.tuning.space import TuningSettings

HEAD = """\
# @package _global_
# Parameters found by 'risicomodel tune', as models beside the others. To use them, copy this file
# to configs/experiment/tuned.yaml and add experiment=tuned to a command. The nested scores in
# scores.csv beside this file say how well models do that are tuned this way. Their score in a later
# run on the same figures is too optimistic: those figures chose the parameters.
"""


def trials(results: Sequence[StudyResult]) -> pd.DataFrame:
    """Return every trial of every study.

    Parameters
    ----------
    results : sequence of StudyResult
        In the order of the rows to come.

    Returns
    -------
    DataFrame
        ``domain``, ``model``, ``study``, ``number`` (0 is the model as configured), ``state``
        (``complete``, ``pruned``; ``fail`` if the worker died and the number was repeated),
        ``value`` (score on all inner folds together), ``inner_1``, … (score on the first inner
        fold, on the first two, …), ``params`` (JSON), ``seconds``.
    """
    rows = []
    for result in results:
        keys = dict(zip(("domain", "model", "study"), result.key, strict=True))
        for trial in result.trials:
            inner = {f"inner_{i}": value for i, value in enumerate(trial["inner"], start=1)}
            front = {name: trial[name] for name in ("number", "state", "value")}
            params = json.dumps(trial["params"])
            rows.append({**keys, **front, **inner, "params": params, "seconds": trial["seconds"]})
    table = pd.DataFrame(rows)
    last = ["params", "seconds"]
    inner_folds = sorted(name for name in table.columns if str(name).startswith("inner_"))
    return table[["domain", "model", "study", "number", "state", "value", *inner_folds, *last]]


def summary(
    results: Sequence[StudyResult], scores: pd.DataFrame, tuning: TuningSettings
) -> pd.DataFrame:
    """Return, per domain and model, how the tuned model compares with the configured one.

    Parameters
    ----------
    results : sequence of StudyResult
        Of all studies.
    scores : DataFrame
        ``domain``, ``protocol``, ``model``, ``metric``, ``group`` and ``value``.
    tuning : TuningSettings
        The protocol and the metric.

    Returns
    -------
    DataFrame
        ``domain``, ``model``, ``configured`` and ``nested`` (scores on the outer folds of the model
        as configured and as tuned), ``inner`` (of the best trial on all rows: optimistic).
    """
    rows = scores[
        (scores["metric"] == tuning.metric)
        & (scores["protocol"] == tuning.protocol)
        & (scores["group"] == metrics.ALL)
    ].set_index(["domain", "model"])["value"]
    return pd.DataFrame(
        [
            {
                "domain": domain,
                "model": model,
                "configured": rows[domain, model],
                "nested": rows[domain, model + TUNED],
                "inner": result.value,
            }
            for result in results
            for domain, model, study in [result.key]
            if study == FINAL
        ]
    )


def tuned_models(
    chosen: Mapping[str, ModelSettings], results: Sequence[StudyResult]
) -> dict[str, ModelSettings]:
    """Return the tuned models, with the parameters to use for every domain.

    Parameters
    ----------
    chosen : mapping of str to ModelSettings
        The models as configured, by name.
    results : sequence of StudyResult
        Of all studies; those on all rows count.

    Returns
    -------
    dict of str to ModelSettings
        By name with ``_tuned`` after it.
    """
    out: dict[str, ModelSettings] = {}
    for result in results:
        domain, name, study = result.key
        if study == FINAL:
            tuned = out.setdefault(name + TUNED, replace(chosen[name], domains={}))
            of_domain = for_domain({name: chosen[name]}, domain)[name]
            tuned.domains[domain] = with_params(of_domain, result.params).params
    return out


def tuned_file(models: Mapping[str, ModelSettings]) -> str:
    """Return the text of ``tuned.yaml``, an experiment file.

    Parameters
    ----------
    models : mapping of str to ModelSettings
        What :func:`tuned_models` returned.

    Returns
    -------
    str
        YAML.
    """
    lines = ["models:"]
    for name, settings in models.items():
        lines += [f"  {name}:", f"    kind: {settings.kind}", "    domains:"]
        for domain, params in settings.domains.items():
            lines += [f"      {domain}:"]
            lines += [f"        {key}: {json.dumps(value)}" for key, value in params.items()]
    return HEAD + "\n".join(lines) + "\n"
