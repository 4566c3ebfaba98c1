"""Reasons for complaints about an airline, and the terms that indicate them.

Terms have the form that :func:`badbuzz.evidence.terms.extract_terms` returns: unigrams or bigrams
in lower case without accents.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_ENGLISH: Final = {
    "late_flight": "late delay delays delayed stuck tarmac runway missed connection departure",
    "cancelled_flight": "cancelled canceled cancel cancelling canceling cancellation cancellations "
    "cancels stranded rebook rebooked strike strikes",
    "customer_service": "service customer_service customer customers hold on_hold phone call calls "
    "called calling agent agents rep reps hotline answer answers callback support representative",
    "lost_luggage": "bag bags luggage baggage suitcase suitcases lost_bag lost_bags lost_luggage "
    "carousel missing",
    "booking": "book booked booking bookings bookable reservation reservations reserve website "
    "site app checkin fare fares ticket tickets refund price upgrade",
    "bad_flight": "seat seats seated wifi legroom turbulence dirty broken cabin entertainment meal "
    "food cramped uncomfortable",
    "flight_attendant": "attendant attendants flight_attendant flight_attendants crew stewardess "
    "steward rude",
    "long_lines": "line lines long_line long_lines queue queues queuing counter security",
    "damaged_luggage": "damaged damage damaged_bag damaged_luggage ruined torn smashed cracked",
}
_FRENCH: Final = {
    "late_flight": "retard retards retarde retardee retardes correspondance piste",
    "cancelled_flight": "annule annulee annules annulees annulation annulations greve greves "
    "bloque bloques",
    "customer_service": "service_client client clients conseiller conseillers telephone appel "
    "appels repond repondent joindre injoignable assistance",
    "lost_luggage": "bagage bagages valise sac perdu perdue perdus perdues soute tapis",
    "booking": "reserver billet billets remboursement rembourse "
    "rembourser appli tarif tarifs enregistrement",
    "bad_flight": "siege sieges cabine repas sale confort turbulences climatisation",
    "flight_attendant": "hotesse hotesses equipage personnel desagreable impoli",
    "long_lines": "file files guichet guichets comptoir securite",
    "damaged_luggage": "abime abimee abimes casse cassee casses endommage endommagee dechire",
}
REASONS: Final = tuple(_ENGLISH)
"""Codes of the reasons; ``reason_CODE`` in :mod:`badbuzz.messages.languages` is the name."""

_REASON_OF: Final = {
    term.replace("_", " "): reason
    for table in (_ENGLISH, _FRENCH)
    for reason, terms in table.items()
    for term in terms.split()
}
PHRASES: Final = frozenset(term for term in _REASON_OF if " " in term)
"""Bigrams that indicate a reason."""


def find_reasons(terms: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct reasons, of :data:`REASONS`, that terms indicate, in their order.

    Examples
    --------
    >>> find_reasons(["bags", "tonight", "luggage", "hold"])
    ('lost_luggage', 'customer_service')
    """
    return tuple(dict.fromkeys(_REASON_OF[term] for term in terms if term in _REASON_OF))
