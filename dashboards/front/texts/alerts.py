"""What the page *Alerts* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "alerts_none": ("No alert here.", "Aucune alerte ici."),
    "alerts_brand": ("Brand", "Marque"),
    "alerts_every_brand": ("Every brand", "Toutes les marques"),
    "alerts_open": ("Open ({n})", "Ouvertes ({n})"),
    "alerts_no_open": ("No alert is open.", "Aucune alerte n'est ouverte."),
    "alerts_over": ("Over", "Terminées"),
    "alerts_more": ("Show older ones", "Afficher les plus anciennes"),
    "alerts_back": ("All alerts", "Toutes les alertes"),
    "alerts_phase_firing": ("Open", "Ouverte"),
    "alerts_phase_escalated": ("Rising", "En hausse"),
    "alerts_phase_resolved": ("Over", "Terminée"),
    "alerts_severity_info": ("No baseline", "Sans référence"),
    "alerts_severity_warning": ("Warning", "Alerte"),
    "alerts_severity_critical": ("Critical", "Critique"),
    "alerts_verdict_real": ("A real crisis", "Une vraie crise"),
    "alerts_verdict_false_alarm": ("A false alarm", "Une fausse alerte"),
    "alerts_verdict_benign": ("Much talk, no harm", "Du bruit sans gravité"),
    "alerts_since": ("Since {start}.", "Depuis le {start}."),
    "alerts_span": ("{start} to {end}.", "Du {start} au {end}."),
    "alerts_claimed": ("{moment}: {said}", "{moment} : {said}"),
    "alerts_clocks": (
        "Times are on each brand's own clock.",
        "Heures de l'horloge de chaque marque.",
    ),
    "alerts_clock": ("Times are {zone}'s.", "Heures de {zone}."),
    "alerts_replay": (
        "From a replay: nobody is told of those, unless badbuzz notify is asked to.",
        "Issue d'un rejeu : personne n'en est prévenu, sauf demande expresse.",
    ),
    "alerts_acknowledge": ("I am on it", "Je m'en occupe"),
    "alerts_acknowledged": (
        "{name} has been on it since {moment}.",
        "{name} s'en occupe depuis le {moment}.",
    ),
    "alerts_not_acknowledged": ("Nobody is on it yet.", "Personne ne s'en occupe encore."),
    "alerts_nobody": ("nobody on it yet", "personne dessus"),
    "alerts_somebody": ("{name} is on it", "{name} s'en occupe"),
    "alerts_evidence": ("Why", "Pourquoi"),
    "alerts_no_evidence": (
        "No evidence is kept of this alert.",
        "Aucune preuve n'est conservée pour cette alerte.",
    ),
    "alerts_examples": ("What people say", "Ce que disent les gens"),
    "alerts_phases": ("What happened", "Déroulement"),
    "alerts_phase_time": ("Time", "Heure"),
    "alerts_phase_what": ("What", "Quoi"),
    "alerts_phase_negatives": ("Negatives", "Négatifs"),
    "alerts_phase_expected": ("Expected", "Attendus"),
    "alerts_phase_score": ("Score", "Score"),
    "alerts_ruling": ("What was it?", "Qu'était-ce ?"),
    "alerts_ruling_why": (
        "Your word is what false alarms are counted by. You may change it.",
        "C'est sur votre avis que les fausses alertes sont comptées. Vous pouvez en changer.",
    ),
    "alerts_verdict": ("Your ruling", "Votre avis"),
    "alerts_note": ("Note (optional)", "Note (facultative)"),
    "alerts_rule": ("Save", "Enregistrer"),
    "alerts_ruled_as": ("{name} – {verdict}", "{name} – {verdict}"),
    "alerts_ruled_because": ("{name} – {verdict}: {note}", "{name} – {verdict} : {note}"),
    "alerts_ruled": ("Saved.", "Enregistré."),
    "alerts_choose_verdict": (
        "Choose what it was before you save.",
        "Choisissez ce que c'était avant d'enregistrer.",
    ),
    "alerts_moment": ("Around that moment", "Autour de ce moment"),
    "alerts_see_live": ("See the day on Live", "Voir la journée dans En direct"),
    "alerts_link": ("Link to this alert", "Lien vers cette alerte"),
    "alerts_unknown": (
        "There is no alert {id}. The list shows those there are.",
        "Il n'y a pas d'alerte {id}. La liste montre celles qui existent.",
    ),
}
