"""Names of months in the languages of exports. Knows no columns."""

# ruff: noqa: RUF001 (letters of other scripts)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

# Twelve months each, January first. `janv-ier`: from `janv` on, each beginning stands for the
# month; `a/b` are two forms of one, such as nominative and genitive.
_LANGUAGES = {
    "English": "jan-uary feb-ruary mar-ch apr-il may jun-e jul-y aug-ust sep-tember/sept"
    " oct-ober nov-ember dec-ember",
    "German": "jan-uar/jän-ner feb-ruar/feber mär-z/mrz/maerz apr-il mai jun-i jul-i aug-ust"
    " sep-tember okt-ober nov-ember dez-ember",
    "French": "janv-ier/jan fév-rier mars/mar avr-il mai juin juil-let aoû-t sep-tembre"
    " oct-obre nov-embre déc-embre",
    "Spanish": "ene-ro feb-rero mar-zo abr-il may-o jun-io jul-io ago-sto sep-tiembre/set-iembre"
    " oct-ubre nov-iembre dic-iembre",
    "Italian": "gen-naio feb-braio mar-zo apr-ile mag-gio giu-gno lug-lio ago-sto set-tembre"
    " ott-obre nov-embre dic-embre",
    "Portuguese": "jan-eiro fev-ereiro mar-ço abr-il mai-o jun-ho jul-ho ago-sto set-embro"
    " out-ubro nov-embro dez-embro",
    "Dutch": "jan-uari feb-ruari maa-rt/mrt apr-il mei jun-i jul-i aug-ustus sep-tember"
    " okt-ober nov-ember dec-ember",
    "Swedish": "jan-uari feb-ruari mar-s apr-il maj jun-i jul-i aug-usti sep-tember okt-ober"
    " nov-ember dec-ember",
    "Danish": "jan-uar feb-ruar mar-ts apr-il maj jun-i jul-i aug-ust sep-tember okt-ober"
    " nov-ember dec-ember",
    "Norwegian": "jan-uar feb-ruar mar-s apr-il mai jun-i jul-i aug-ust sep-tember okt-ober"
    " nov-ember des-ember",
    "Finnish": "tammi-kuuta/tammikuu helmi-kuuta/helmikuu maalis-kuuta/maaliskuu"
    " huhti-kuuta/huhtikuu touko-kuuta/toukokuu kesä-kuuta/kesäkuu heinä-kuuta/heinäkuu"
    " elo-kuuta/elokuu syys-kuuta/syyskuu loka-kuuta/lokakuu marras-kuuta/marraskuu"
    " joulu-kuuta/joulukuu",
    "Polish": "sty-cznia/styczeń lut-ego/luty mar-ca/marzec kwi-etnia/kwiecień maj-a"
    " cze-rwca/czerwiec lip-ca/lipiec sie-rpnia/sierpień wrz-eśnia/wrzesień"
    " paź-dziernika/październik lis-topada/listopad gru-dnia/grudzień",
    "Czech": "led-na/leden úno-ra/únor bře-zna/březen dub-na/duben kvě-tna/květen"
    " červn-a/červen/čvn červenc-e/červenec/čvc srp-na/srpen zář-í říj-na/říjen"
    " lis-topadu/listopad pro-since/prosinec",
    "Slovak": "jan-uára/január feb-ruára/február mar-ca/marec apr-íla/apríl máj-a jún-a júl-a"
    " aug-usta/august sep-tembra/september okt-óbra/október nov-embra/november dec-embra/december",
    "Croatian": "sij-ečnja/siječanj velj-ače/veljača ožu-jka/ožujak tra-vnja/travanj"
    " svi-bnja/svibanj lip-nja/lipanj srp-nja/srpanj kol-ovoza/kolovoz ruj-na/rujan"
    " lis-topada/listopad stu-denoga/studeni/studenog pro-sinca/prosinac",
    "Hungarian": "jan-uár feb-ruár már-cius ápr-ilis máj-us jún-ius júl-ius aug-usztus"
    " szept-ember okt-óber nov-ember dec-ember",
    "Romanian": "ian-uarie feb-ruarie mar-tie apr-ilie mai iun-ie iul-ie aug-ust sept-embrie"
    " oct-ombrie noi-embrie/noiem dec-embrie",
    "Russian": "янв-аря/январь фев-раля/февраль мар-та/март апр-еля/апрель мая/май июн-я/июнь"
    " июл-я/июль авг-уста/август сен-тября/сентябрь окт-ября/октябрь ноя-бря/ноябрь"
    " дек-абря/декабрь",
    "Ukrainian": "січ-ня/січень лют-ого/лютий бер-езня/березень кві-тня/квітень тра-вня/травень"
    " чер-вня/червень лип-ня/липень сер-пня/серпень вер-есня/вересень жов-тня/жовтень"
    " лис-топада/листопад гру-дня/грудень",
    "Bulgarian": "яну-ари фев-руари мар-т апр-ил май юни юли авг-уст сеп-тември окт-омври"
    " ное-мври дек-ември",
    "Turkish": "oca-k şub-at mar-t nis-an may-ıs haz-iran tem-muz ağu-stos eyl-ül eki-m kas-ım"
    " ara-lık",
    "Greek": "ιαν-ουαρίου/ιανουάριος φεβ-ρουαρίου/φεβρουάριος μαρ-τίου/μάρτιος"
    " απρ-ιλίου/απρίλιος μαΐ-ου/μάιος ιουν-ίου/ιούνιος ιουλ-ίου/ιούλιος αυγ-ούστου/αύγουστος"
    " σεπ-τεμβρίου/σεπτέμβριος οκτ-ωβρίου/οκτώβριος νοε-μβρίου/νοέμβριος δεκ-εμβρίου/δεκέμβριος",
    "Indonesian": "jan-uari feb-ruari mar-et apr-il mei jun-i jul-i agu-stus/agt sep-tember"
    " okt-ober nov-ember des-ember",
    "Catalan": "gen-er febr-er/feb març abr-il maig juny jul-iol ago-st set-embre oct-ubre"
    " nov-embre des-embre",
    "Estonian": "jaan-uar veebr-uar mär-ts apr-ill mai juun-i juul-i aug-ust sept-ember okt-oober"
    " nov-ember dets-ember",
}


def months_of(names: Sequence[str]) -> tuple[list[int], str]:
    """Return the month of each name in the languages of a column, 0 for what is none.

    A word may stand for different months: `listopada` is October in Croatian and November in
    Polish. Then the languages that know all other names decide.

    Args:
        names: Words, as they are written, without a point at their end.

    Returns:
        The months, and a word whose month the others do not decide: it is 0; or "".
    """
    known = [_languages_of(name) for name in names]
    several = [len(set(each.values())) > 1 for each in known]
    if not any(several):
        return [next(iter(each.values()), 0) for each in known], ""
    fitting = set.intersection(*(set(each) for each in known if each))
    found: list[int] = []
    doubt = ""
    for name, each in zip(names, known, strict=True):
        months = {each[language] for language in fitting} or set(each.values())
        found.append(months.pop() if len(months) == 1 else 0)
        if each and not found[-1]:
            doubt = doubt or name
    return found, doubt


@cache
def _table() -> dict[str, dict[str, int]]:
    """Return the month of each accepted word in each language that has it."""
    found: dict[str, dict[str, int]] = {}
    for language, line in _LANGUAGES.items():
        for month, forms in enumerate(line.split(), start=1):
            for word in {word for form in forms.split("/") for word in _beginnings(form)}:
                found.setdefault(word, {})[language] = month
    return found


def _beginnings(form: str) -> Iterator[str]:
    """Yield a name and its abbreviations."""
    least, _, rest = form.partition("-")
    for length in range(len(rest) + 1):
        yield _folded(least + rest[:length])


def _languages_of(name: str) -> dict[str, int]:
    """Return the month that a word names in each language."""
    found = _table().get(_folded(name), {})
    return {"English": found["English"]} if "English" in found else found


def _folded(name: str) -> str:
    """Return a word without case and accents: MÄRZ and Marz are one."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ı", "i"))
    return re.sub(r"[\u0300-\u036f]", "", plain)
