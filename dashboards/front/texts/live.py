"""What the page *Live* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "no_brands": (
        "No brand has been heard of yet. Tweets appear once `badbuzz process` and "
        "`badbuzz record` run and a source sends some.",
        "Aucune marque n'a encore été vue. Les tweets apparaissent dès que `badbuzz process` et "
        "`badbuzz record` tournent et qu'une source en envoie.",
    ),
    "also": ("{brand} · {state} since {since}", "{brand} · {state} depuis le {since}"),
    "brand": ("Brand", "Marque"),
    "period": ("Period", "Période"),
    "period_6": ("6 hours", "6 heures"),
    "period_24": ("24 hours", "24 heures"),
    "period_168": ("7 days", "7 jours"),
    "state_critical": ("Critical", "Critique"),
    "state_warning": ("Warning", "Alerte"),
    "state_info": ("Unsure", "Incertain"),
    "state_silent": ("Feed silent", "Flux muet"),
    "state_learning": ("Learning", "Apprentissage"),
    "state_ok": ("Calm", "Calme"),
    "calm": (
        "Nothing unusual: {n_negative} of {n} tweets in the last hour are negative; {expected} "
        "were expected.",
        "Rien d'inhabituel : {n_negative} des {n} tweets de la dernière heure sont négatifs ; "
        "{expected} étaient attendus.",
    ),
    "silent": ("No news since {moment}.", "Plus de nouvelles depuis le {moment}."),
    "silent_why": (
        "A silent feed is not a calm one: whoever runs badbuzz should look at the source and at "
        "the worker. A replay that is through looks like this too.",
        "Un flux muet n'est pas un flux calme : la personne qui gère badbuzz devrait vérifier la "
        "source et le traitement. Un rejeu terminé se présente aussi ainsi.",
    ),
    "learning": (
        "Still learning what is usual for this brand: alerts count after a week of tweets.",
        "Apprentissage de ce qui est habituel pour cette marque : les alertes comptent après une "
        "semaine de tweets.",
    ),
    "absent": ("Not heard from: {sources}.", "Sans nouvelles de : {sources}."),
    "as_of": (
        "As of {moment}, {zone} time.",
        "Au {moment}, heure de {zone}.",
    ),
    "since": ("Since {moment}.", "Depuis le {moment}."),
    "acknowledged_by": ("{name} is on it.", "{name} s'en occupe."),
    "not_acknowledged": ("Nobody is on it yet.", "Personne ne s'en occupe encore."),
    "open_alert": ("Open this alert", "Ouvrir cette alerte"),
    "past": (
        "You are looking at the past: {start} to {end}.",
        "Vous regardez le passé : du {start} au {end}.",
    ),
    "back_to_now": ("Back to now", "Revenir à maintenant"),
    "last_hour_negative": ("Negative, last hour", "Négatifs, dernière heure"),
    "last_hour_expected": ("{n} expected", "{n} attendus"),
    "last_hour_rate": ("Share of negatives", "Part de négatifs"),
    "last_hour_usual": ("usually {rate}", "d'ordinaire {rate}"),
    "last_hour_tweets": ("Tweets, last hour", "Tweets, dernière heure"),
    "chart_negatives": ("Negative tweets", "Tweets négatifs"),
    "chart_expected": ("Expected", "Attendus"),
    "chart_tweets": ("Tweets", "Tweets"),
    "chart_rate": ("Share of negatives", "Part de négatifs"),
    "chart_usual_rate": ("Usual share", "Part habituelle"),
    "chart_from": ("From", "À partir de"),
    "legend_seen": ("negative tweets", "tweets négatifs"),
    "legend_band": ("what is usual", "ce qui est habituel"),
    "legend_expected": ("expected", "attendus"),
    "legend_usual": ("usual share", "part habituelle"),
    "legend_rate": ("share of negatives", "part de négatifs"),
    "legend_tweets": ("all tweets", "tous les tweets"),
    "legend_alert": ("an alert is open", "alerte ouverte"),
    "negatives_title": (
        "Negative tweets against what is usual",
        "Tweets négatifs, comparés à l'habitude",
    ),
    "rate_title": ("Share of negatives", "Part de négatifs"),
    "volume_title": ("Volume", "Volume"),
    "negatives_alt": (
        "Line of negative tweets against the expected band, {start} to {end}: at most "
        "{most} negative tweets in {minutes} minutes, at {peak}, where {expected} were expected. "
        "{spans}",
        "Courbe des tweets négatifs et bande attendue, du {start} au {end} : au plus {most} "
        "tweets négatifs en {minutes} minutes, à {peak}, pour {expected} attendus. {spans}",
    ),
    "alt_no_alert": ("No alert was open.", "Aucune alerte ouverte."),
    "alt_alerts": ("Alert open: {spans}.", "Alerte ouverte : {spans}."),
    "rate_alt": (
        "Line of the share of negatives, {start} to {end}; the same figures stand in the table.",
        "Courbe de la part de négatifs, du {start} au {end} ; le tableau donne les mêmes chiffres.",
    ),
    "volume_alt": (
        "Bars of all tweets, {start} to {end}; the same figures stand in the table.",
        "Barres du nombre de tweets, du {start} au {end} ; le tableau donne les mêmes chiffres.",
    ),
    "no_windows": ("Nothing is known of this period.", "Rien n'est connu de cette période."),
    "table": ("The figures as a table", "Les chiffres en tableau"),
    "table_time": ("Time", "Heure"),
    "table_alert": ("Alert", "Alerte"),
    "yes": ("yes", "oui"),
    "terms_title": ("What the negatives are about", "De quoi parlent les négatifs"),
    "terms_about": (
        "Terms that set {n} negative tweets apart from the week before, each with how many hold "
        "it.",
        "Mots qui distinguent {n} tweets négatifs de la semaine d'avant, avec le nombre de tweets "
        "où chacun apparaît.",
    ),
    "no_terms": ("Nothing stands out.", "Rien ne ressort."),
    "newest_title": ("Newest", "Les plus récents"),
    "most_negative_title": ("Most negative", "Les plus négatifs"),
    "no_tweets": ("No tweets in this period.", "Aucun tweet sur cette période."),
    "tweet_negative": ("negative, {rate}", "négatif, {rate}"),
    "tweet_other": ("not negative, {rate}", "non négatif, {rate}"),
    "tweet_unread": ("not read: {lang}", "non lu : {lang}"),
    "tweet_retweet": ("1 retweet", "1 retweet"),
    "tweet_retweets": ("{n} retweets", "{n} retweets"),
    "tweet_alike": ("and 1 alike", "et 1 semblable"),
    "tweet_alikes": ("and {n} alike", "et {n} semblables"),
    "tweet_original": ("original", "original"),
}
