"""An evening as the room sees it: the next question of a person, answers, progress, the reveal.

What HTTP, paper and workbooks have in common. Every value that leaves here is a person's own, or
leaves after the reveal.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.errors import ConfigError
from risicomodel.participation import elicitation, forms, thermometer
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import answers, questions, results, talking
from risicomodel.participation.review.answers import APP, Answer, Place
from risicomodel.participation.review.rounds import ModelView, Round

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.participation.forms import Form, Item
    from risicomodel.participation.review.questions import Question
    from risicomodel.participation.review.store import Person, Receipt, Store

ROUND, MODEL, PASSPHRASE, KEY, FORM = "round", "model", "passphrase", "key", "form"
TALKED = "talked"  # wijken, by their codes
NOT_DONE = "not_done"  # what the moderator wrote of what will not be done, and why
ASKED_CAUSES = 1  # per wijk and domain: three in all, as there are three domains
MOST_TALKED = 5  # what two hours leave time for


@dataclass(frozen=True)
class Dot:
    """One answer on the projector: no more than its role and its rate.

    Parameters
    ----------
    role : str
        Merged with others where few have it.
    rate : float
        0–1.
    """

    role: str
    rate: float


@dataclass(frozen=True)
class Reveal:
    """What the projector shows of one wijk and domain.

    Parameters
    ----------
    wijk_code, domain : str
        What it is about.
    picture : Picture
        Of the phase.
    dots : list of Dot
        Sorted by rate; empty under five answers.
    forecast : tuple of float, or None
        The model's rate and band.
    last : tuple of (int, float), or None
        Year and rate of the newest figure.
    of_gemeente : float or None
        The gemeente's rate.
    causes : list of str
        Features that the model names; empty where this wijk's come later.
    """

    wijk_code: str
    domain: str
    picture: results.Picture
    dots: list[Dot]
    forecast: tuple[float, float, float] | None
    last: tuple[int, float] | None
    of_gemeente: float | None
    causes: list[str]


@dataclass(frozen=True)
class RoundOutcome:
    """What comes out of a round.

    Parameters
    ----------
    pictures : DataFrame
        Of the last judgement, from :func:`risicomodel.participation.review.results.pictures`.
    causes, coins, missing, agreements : DataFrame
        What was recognised, what would help, what is missing in people's words, what was agreed.
    """

    pictures: pd.DataFrame
    causes: pd.DataFrame
    coins: pd.DataFrame
    missing: pd.DataFrame
    agreements: pd.DataFrame


class Evening:
    """A round that is going on.

    Parameters
    ----------
    store : Store
        Its database.

    Raises
    ------
    ConfigError
        If the form is no longer the one that the round was made with.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        facts = store.facts()
        self.round = Round.from_json(facts[ROUND])
        self.passphrase_hash = facts[PASSPHRASE]
        self.key = facts[KEY]
        self.form: Form = forms.parse(facts[FORM], where="the form of this round")
        if self.form.sha256 != self.round.form_sha256:
            raise ConfigError(
                "the form of this round is not the one it was made with; expected the same. "
                "Restore the round's database from its backup."
            )
        self._view = ModelView.from_json(facts[MODEL])
        self.form = replace(self.form, items=tuple(filter(self._can_ask, self.form.items)))
        self._place = Place(
            tuple(self.round.wijken),
            {one.name: one.per for one in self.round.domains},
            {name: tuple(causes[:ASKED_CAUSES]) for name, causes in self._view.causes.items()},
        )

    def place_in(self, phase: Phase) -> Place:
        """Return what the round is about, with the wijken that are talked about from the reveal."""
        return self.place if phase.shows_values else self._place

    def _can_ask(self, item: Item) -> bool:
        """Return whether the round has what an answer is checked with."""
        if item.key == "practice":
            return self._view.practice is not None
        return item.truth is None or item.key in self._view.truths

    @property
    def place(self) -> Place:
        """What the round is about, with the wijken that are talked about once these are chosen."""
        talked = self.store.fact(TALKED)
        return replace(self._place, talked=tuple(filter(None, talked.split(","))))

    def move(self, to: Phase) -> None:
        """Move to the next phase: the moderator's step.

        From the reveal on there are wijken to talk about: those that are proposed
        (:meth:`proposal`), unless the moderator chose others (:meth:`talk_about`).

        Parameters
        ----------
        to : Phase
            The phase that follows.
        """
        self.store.move(to, self.form.phases)
        if to.shows_values and self.round.wijken and TALKED not in self.store.facts():
            proposed = dict.fromkeys(wijk for wijk, _ in self.proposal())
            self.talk_about([*proposed, *self.round.wijken][:MOST_TALKED])

    def talk_about(self, wijken: Sequence[str]) -> None:
        """Choose the wijken to talk about; those of other rounds are left out."""
        chosen = [code for code in dict.fromkeys(wijken) if code in self.round.wijken]
        self.store.keep_fact(TALKED, ",".join(chosen))

    @property
    def not_done(self) -> str:
        """What the gemeente will not do, and why, as the moderator wrote it down."""
        return self.store.fact(NOT_DONE)

    def decline(self, text: str) -> None:
        """Keep what will not be done, and why: people hear that too."""
        self.store.keep_fact(NOT_DONE, text)

    # --- a person --------------------------------------------------------------------------------

    def own(self, person: Person) -> dict[str, Receipt]:
        """Return a person's own answers, by the name of the answer."""
        return self.store.of_person(person.number)

    def questions(self, person: Person, receipts: Mapping[str, Receipt]) -> list[Question]:
        """Return the questions that a person has in this phase."""
        values = {name: receipt.value for name, receipt in receipts.items()}
        phase = self.store.phase()
        return questions.of_phase(self.form, self.place_in(phase), phase, person.number, values)

    def next_question(self, person: Person) -> Question | None:
        """Return the first question that a person has not answered; None if all are."""
        receipts = self.own(person)
        values = {name: receipt.value for name, receipt in receipts.items()}
        return questions.following(self.questions(person, receipts), person.number, values)

    def find(self, person: Person, path: str) -> Question | None:
        """Return the question of a path; None where a person has no such question now."""
        of_phase = self.questions(person, self.own(person))
        return next((one for one in of_phase if one.path == path), None)

    def answered(self, person: Person) -> list[tuple[Question, Any]]:
        """Return all that a person answered so far, phase by phase, with the values."""
        receipts = self.own(person)
        values = {name: receipt.value for name, receipt in receipts.items()}
        phases = [phase for phase in Phase if phase.place <= self.store.phase().place]
        return [
            (one, values[one.id_of(person.number)])
            for phase in phases
            for one in questions.of_phase(
                self.form, self.place_in(phase), phase, person.number, values
            )
            if one.id_of(person.number) in values
        ]

    def asked_in(self, person: Person, path: str, phase: str) -> Question | None:
        """Return the question that an answer is to, in the phase that its screen was of.

        An answer may come in late, when the phase is over: it is kept, and out of the figures.
        """
        if phase not in set(Phase):
            return None
        values = {name: receipt.value for name, receipt in self.own(person).items()}
        place = self.place_in(Phase(phase))
        of_phase = questions.of_phase(self.form, place, Phase(phase), person.number, values)
        return next((one for one in of_phase if one.path == path), None)

    def implied(self, question: Question, value: Mapping[str, Any]) -> tuple[float, float]:
        """Return between which numbers it almost certainly lies, by a range that was given."""
        numbers = (value["low"], value["high"], value["best"], float(value["sure"]))
        answer = elicitation.Range(*(np.array(float(one)) for one in numbers))
        said_back = elicitation.implied(answer, self.place.domains[question.domain])
        return said_back.low, said_back.high

    def starting_value(self, person: Person, question: Question) -> tuple[Any, int]:
        """Return a person's own answer to a question, and its revision; the first one, at first.

        Of a question that is asked a second time, what was answered the first time.
        """
        receipts = self.own(person)
        receipt = receipts.get(question.id_of(person.number))
        if receipt is not None:
            return receipt.value, receipt.revision
        earlier = receipts.get(question.id_of(person.number, question.item.phase))
        return (None if earlier is None else earlier.value), 0

    def practice_answer(self, person: Person) -> tuple[Any, int] | None:
        """Return what a person said in practice and what is true; None if nothing was said."""
        item = next((one for one in self.form.items if one.key == "practice"), None)
        if item is None or self._view.practice is None:  # the second: mypy knows no filter
            return None
        said = self.own(person).get(Answer("practice", item.phase, None).id_of(person.number))
        return None if said is None else (said.value, self._view.practice)

    def submit(
        self, person: Person, answer: Answer, revision: int, channel: str = APP
    ) -> Receipt | list[str]:
        """Keep an answer; the one door.

        Parameters
        ----------
        person : Person
            Whose it is.
        answer : Answer
            What was answered.
        revision : int
            From 1.
        channel : str
            One of :data:`risicomodel.participation.review.answers.CHANNELS`.

        Returns
        -------
        Receipt, or list of str
            What came of it; or keys of texts of all that is wrong with it.
        """
        role = self.form.roles[person.role]
        wrong = answers.violations(answer, self.form, self._place, role)
        if not 1 <= revision <= 10_000:  # noqa: PLR2004 (a person changes no answer so often)
            wrong.append("unknown_question")
        return wrong or self.store.submit(person, answer, revision, channel)

    def following(self) -> Phase | None:
        """Return the phase after this one; None after the last."""
        return self.form.after(self.store.phase())

    # --- after the reveal ------------------------------------------------------------------------

    @cached_property
    def early_causes(self) -> frozenset[str]:
        """Wijken whose causes are shown at the reveal; those of the others come after *again*.

        A seeded half, so that what causes do to judgement can be measured.
        """
        codes = sorted(self.round.wijken)
        random.Random(self.round.round_id).shuffle(codes)  # noqa: S311 (a draw, not a secret)
        return frozenset(codes[: (len(codes) + 1) // 2])

    def judgements(self) -> pd.DataFrame:
        """Return what everyone thinks of need by now, as rates.

        Of each wijk and domain what was said the second time, where enough said something then.
        Until that is over, the first: dots do not move while people think again.
        """
        table = results.rates(self.store.current(), self.round, self.view())
        if self.store.phase().place <= Phase.AGAIN.place:
            return table[table["phase"].eq(str(Phase.OWN_VIEW))]
        return results.newest(table)

    def view(self) -> ModelView:
        """Return the model's figures.

        Raises
        ------
        ConfigError
            Before the reveal.
        """
        if not self.store.phase().shows_values:
            raise ConfigError(
                "values were asked for before the reveal; expected everyone to judge alone first. "
                f"Move on to '{Phase.REVEAL}'."
            )
        return self._view

    def reveal(self, wijk_code: str, domain: str, least: int = results.LEAST_ON_SCREEN) -> Reveal:
        """Return what may be shown of a wijk and domain.

        Parameters
        ----------
        wijk_code, domain : str
            Of the round.
        least : int
            People that a role has at least, to have dots of its own.

        Raises
        ------
        ConfigError
            Before the reveal.
        """
        view = self.view()
        name, table = f"{wijk_code}/{domain}", self.judgements()
        rows = table[table["wijk_code"].eq(wijk_code) & table["domain"].eq(domain)]
        picture = results.picture(rows, view.forecasts.get(name))
        dots = []
        if picture.rate is not None:
            shown = rows.assign(role=results.merged_roles(rows["role"], least)).sort_values("rate")
            dots = [
                Dot(role, rate) for role, rate in zip(shown["role"], shown["rate"], strict=True)
            ]
        shows_causes = (
            wijk_code in self.early_causes or self.store.phase().place > Phase.AGAIN.place
        )
        return Reveal(
            wijk_code, domain, picture, dots,
            view.forecasts.get(name), view.last.get(name), view.of_gemeente.get(domain),
            view.causes.get(name, []) if shows_causes else [],
        )  # fmt: skip

    def proposal(self) -> list[tuple[str, str]]:
        """Return wijken to talk about, each with the domain that most of it is about.

        Those on which most hangs, and one where all agree
        (:mod:`risicomodel.participation.review.talking`).
        """
        return talking.proposal(
            self.judgements(), self.view(), self.round, self.form.euro_per_client, MOST_TALKED
        )

    def settled(self) -> pd.DataFrame:
        """Return the answers on causes, what is missing and coins, once all have given theirs.

        While people still answer, two looks that are one answer apart would say who said what.
        """
        answered = self.store.current()
        is_over = self.store.phase().place > Phase.CAUSES.place
        return answered[answered["phase"].eq(str(Phase.CAUSES)) & is_over]

    def outcome(self) -> RoundOutcome:
        """Return everything that comes out, once values may be seen."""
        answered = self.settled()
        return RoundOutcome(
            results.published(results.pictures(self.judgements(), self.view()), self.round.domains),
            results.contested(answered),
            results.coins(answered),
            results.missing(answered),
            self.store.agreements(),
        )

    def reading(self) -> pd.DataFrame:
        """Return what comes out of statements and of what people know, once values may be seen."""
        truths = self.view().truths
        return thermometer.read(self.store.current(), self.form, truths)

    def labels(self) -> dict[str, dict[str, str]]:
        """Return what features are called; they are no figures."""
        return self._view.labels
