"""Withdrawal: what was made of a person is found by its lineage, removed, and certified; the log is only added to.

person.py       who it is, and by which names what was made of them goes
reading.py      whether a file speaks of them
metadata.py     what Snakemake keeps, and whether it runs
search.py       everything below data/, results/ and .snakemake/ that comes from them
beyond.py       what no withdrawal here can reach, named
certificate.py  what was removed and what remains, signed
purge.py        the removal, which a later run of the same command finishes
"""

from understudy.withdrawal.certificate import Certificate, check_certificate
from understudy.withdrawal.person import Person, read_person
from understudy.withdrawal.purging import purge
from understudy.withdrawal.searching import Found, search

__all__ = ["Certificate", "Found", "Person", "check_certificate", "purge", "read_person", "search"]
