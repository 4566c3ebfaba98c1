"""What the page *History* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "history_brands": ("Brands to compare", "Marques à comparer"),
    "history_choose": ("Choose a brand", "Choisissez une marque"),
    "history_period": ("Period", "Période"),
    "history_day": ("Last day", "Dernier jour"),
    "history_week": ("7 days", "7 jours"),
    "history_month": ("30 days", "30 jours"),
    "history_own": ("Own dates", "Dates au choix"),
    "history_first": ("First day", "Premier jour"),
    "history_last": ("Last day, included", "Dernier jour, inclus"),
    "history_backwards": (
        "The last day lies before the first.",
        "Le dernier jour précède le premier.",
    ),
    "history_shown": (
        "{start} to {end}, on the clock of {zone}; a point is {step}.",
        "Du {start} au {end}, à l'heure de {zone} ; un point couvre {step}.",
    ),
    "history_minutes": ("{n} min", "{n} min"),
    "history_hours": ("{n} h", "{n} h"),
    "history_days": ("{n} d (UTC)", "{n} j (UTC)"),
    "history_nothing": (
        "Nothing was recorded of these brands in this period.",
        "Rien n'a été enregistré sur ces marques pendant cette période.",
    ),
    "history_totals": ("In total", "Au total"),
    "history_negative": ("Negative tweets", "Tweets négatifs"),
    "history_expected": ("Expected negatives", "Négatifs attendus"),
    "history_rate": ("Share of negatives", "Part de négatifs"),
    "history_n": ("Tweets", "Tweets"),
    "history_from": ("From", "À partir de"),
    "history_of": ("{negative} of {n}", "{negative} sur {n}"),
    "history_table": (
        "The same as figures: negatives of all tweets",
        "Les mêmes en chiffres : négatifs sur l'ensemble des tweets",
    ),
    "history_top": ("{brand}: at most {figure}, {when}", "{brand} : au plus {figure}, {when}"),
    "history_alt": ("{field} over time. {tops}.", "{field} au fil du temps. {tops}."),
    "history_spans": ("When there was an alert", "Quand il y avait une alerte"),
    "history_spans_alt": (
        "A row for each brand, a bar for each alert; the list below names them.",
        "Une ligne par marque, une barre par alerte ; la liste ci-dessous les nomme.",
    ),
    "history_alert": ("{when} · {brand} · {severity}", "{when} · {brand} · {severity}"),
    "history_info": ("for information", "pour information"),
    "history_warning": ("warning", "alerte"),
    "history_critical": ("critical", "critique"),
    "history_no_alert": ("There was none.", "Il n'y en a eu aucune."),
    "history_more": (
        "{n} more: download the alerts to see all.",
        "{n} de plus : téléchargez les alertes pour les voir toutes.",
    ),
    "history_files": ("As files", "En fichiers"),
    "history_files_about": (
        "CSV of these brands and this period; windows are of five minutes, tweets a sample with "
        "names hidden. Feedback is dated by when people spoke.",
        "CSV de ces marques et de cette période ; fenêtres de cinq minutes, tweets : un "
        "échantillon aux noms masqués. Les avis sont datés du moment où ils ont été donnés.",
    ),
    "history_windows": ("Windows", "Fenêtres"),
    "history_alerts": ("Alerts", "Alertes"),
    "history_tweets": ("Tweets", "Tweets"),
    "history_feedback": ("Feedback", "Avis"),
    "history_replay": ("Send it again", "Le rejouer"),
    "history_replay_about": (
        "RECORDING is the file that the tweets came from: the database holds a sample alone. A "
        "prefix of its own keeps the replay apart from what is live; `badbuzz process` must run "
        "under the same one.",
        "RECORDING est le fichier d'où venaient les tweets : la base n'en garde qu'un "
        "échantillon. Un préfixe à part sépare cette relecture du direct ; `badbuzz process` doit "
        "tourner sous le même.",
    ),
}
