"""The programs, voices and texts that making training data needs, as Debian packages.

Install them with
`apt-get install --no-install-recommends $(talkhead train packages)`;
they are used while making data and never by the service.
"""

from pathlib import Path

from talkhead.errors import InternalError

NEEDED = {  # package: a file it brings
    "espeak-ng": "/usr/bin/espeak-ng",
    "festival": "/usr/bin/festival",
    "flite": "/usr/bin/flite",
    "htsengine": "/usr/bin/hts_engine",
    "festlex-cmu": "/usr/share/festival/dicts/cmu/cmulex.scm",
    "festlex-poslex": "/usr/share/festival/dicts/wsj.wp39.poslexR",
    "festvox-kallpc16k": "/usr/share/festival/voices/english/kal_diphone",
    "festvox-kdlpc16k": "/usr/share/festival/voices/english/ked_diphone",
    "festvox-us-slt-hts": "/usr/share/festival/voices/us/cmu_us_slt_arctic_hts",
    "festvox-ca-ona-hts": "/usr/share/festival/voices/catalan/upc_ca_ona_hts",
    "festvox-ru": "/usr/share/festival/voices/russian/msu_ru_nsh_clunits",
    "fortunes": "/usr/share/games/fortunes/cookie",
    "fortunes-min": "/usr/share/games/fortunes/fortunes",
    "fortunes-br": "/usr/share/games/fortunes/brasil",
    "fortunes-de": "/usr/share/games/fortunes/de",
    "fortunes-es": "/usr/share/games/fortunes/es",
    "fortunes-it": "/usr/share/games/fortunes/it",
    "fortunes-cs": "/usr/share/games/fortunes/cs",
    "fortunes-pl": "/usr/share/games/fortunes/pl",
    "fortunes-ru": "/usr/share/games/fortunes/ru",
    "wcatalan": "/usr/share/dict/catalan",
    "wdutch": "/usr/share/dict/dutch",
    "wfrench": "/usr/share/dict/french",
    "witalian": "/usr/share/dict/italian",
    "wngerman": "/usr/share/dict/ngerman",
    "wpolish": "/usr/share/dict/polish",
    "wportuguese": "/usr/share/dict/portuguese",
    "wspanish": "/usr/share/dict/spanish",
}


class PackagesMissing(InternalError):
    """Training data cannot be made on this machine yet."""

    code = "packages_missing"


def check(needed: dict[str, str] = NEEDED) -> None:
    """Looks whether everything is installed.

    Raises:
        PackagesMissing: names the packages, with the command that installs them.
    """
    missing = [package for package, path in needed.items() if not Path(path).exists()]
    if missing:
        names = " ".join(missing)
        raise PackagesMissing(f"apt-get install --no-install-recommends {names}")
