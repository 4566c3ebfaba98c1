"""What the page *Models* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "models_unserved": (
        "No bundle reads this language here: its tweets are counted, but not scored.",
        "Aucun modèle ne lit cette langue ici : ses tweets sont comptés, mais pas évalués.",
    ),
    "models_serves": ("{bundle} is in use.", "{bundle} est en service."),
    "models_version": ("Version {n} in the registry.", "Version {n} du registre."),
    "models_accuracy": ("Accuracy", "Exactitude"),
    "models_auc": ("AUC", "AUC"),
    "models_ece": ("Calibration error", "Erreur de calibration"),
    "models_sd": ("± {sd}", "± {sd}"),
    "models_card": ("The card: data, method, limits", "La fiche : données, méthode, limites"),
    "models_threshold": (
        "A tweet counts as negative from a score of {threshold} on.",
        "Un tweet compte comme négatif à partir d'un score de {threshold}.",
    ),
    "models_rows": (
        "Measured on {n} texts with human labels, {rate} of them negative.",
        "Mesuré sur {n} textes annotés par des personnes, dont {rate} de négatifs.",
    ),
    "models_kind": ("Model: {kind}.", "Modèle : {kind}."),
    "models_left_out": (
        "Trained without {brand} and measured on it: AUC {auc}.",
        "Entraîné sans {brand} et mesuré dessus : AUC {auc}.",
    ),
    "models_protocol": ("How it was measured: {protocol}", "Comment on a mesuré : {protocol}"),
    "models_data": ("Data", "Données"),
    "models_n": ("Texts", "Textes"),
    "models_use": ("Used as", "Usage"),
    "models_licence": ("Licence", "Licence"),
    "models_versions": ("Versions in the registry: {n}", "Versions dans le registre : {n}"),
    "models_number": ("Version", "Version"),
    "models_bundle": ("Bundle", "Modèle"),
    "models_since": ("Registered (UTC)", "Enregistrée (UTC)"),
    "models_champion": ("champion", "championne"),
    "models_challenger": ("challenger", "candidate"),
    "models_events": ("Who let what serve", "Qui a mis quoi en service"),
    "models_promote": (
        "{when} UTC: {who} promoted version {after} (before: {before}).",
        "{when} UTC : {who} a promu la version {after} (avant : {before}).",
    ),
    "models_rollback": (
        "{when} UTC: {who} went back to version {after} (before: {before}).",
        "{when} UTC : {who} est revenu à la version {after} (avant : {before}).",
    ),
    "models_why": (" “{why}”", " « {why} »"),
    "models_forced": (" Forced: a check did not hold.", " Forcé : un contrôle n'a pas tenu."),
    "models_registry_none": (
        "No registry is set: what came with badbuzz, or BADBUZZ_BUNDLES names, serves.",
        "Aucun registre n'est réglé : sert ce qui vient avec badbuzz, ou ce que nomme "
        "BADBUZZ_BUNDLES.",
    ),
    "models_registry_unread": (
        "The registry has not been read yet.",
        "Le registre n'a pas encore été lu.",
    ),
    "models_registry_answers": (
        "The registry answers; a new champion serves within seconds.",
        "Le registre répond ; une nouvelle championne sert en quelques secondes.",
    ),
    "models_registry_unreachable": (
        "The registry has not answered since {since} UTC; what served goes on serving.",
        "Le registre ne répond plus depuis le {since} UTC ; ce qui servait sert encore.",
    ),
    "models_drift_none": (
        "No drift in the newest {n} sampled tweets: their scores have a stability index of "
        "{index}; above 0.2 would be a shift.",
        "Pas de dérive dans les {n} tweets échantillonnés les plus récents : l'indice de "
        "stabilité de leurs scores est de {index} ; au-dessus de 0,2, ce serait un glissement.",
    ),
    "models_drift_shift": (
        "The newest {n} sampled tweets differ from those that these figures are of: their scores "
        "have a stability index of {index}, above 0.2. The figures may not hold for them.",
        "Les {n} tweets échantillonnés les plus récents diffèrent de ceux dont parlent ces "
        "chiffres : l'indice de stabilité de leurs scores est de {index}, au-dessus de 0,2. Les "
        "chiffres ne valent peut-être pas pour eux.",
    ),
    "models_drift_unknown": (
        "Too few sampled tweets of this bundle, or no reference on its card, to say whether they "
        "drift.",
        "Trop peu de tweets échantillonnés de ce modèle, ou pas de référence sur sa fiche, pour "
        "dire s'il y a dérive.",
    ),
    "errors_title": (
        "Where people saw labels err, last {days} days",
        "Où des personnes ont vu des erreurs, {days} derniers jours",
    ),
    "errors_none": (
        "Nobody has judged a label yet. The pages Try and Label are the places to.",
        "Personne n'a encore jugé d'étiquette. Les pages Essayer et Annoter sont là pour cela.",
    ),
    "errors_overall": ("Wrong, of all judged", "Faux, parmi tous les jugés"),
    "errors_corrections": ("Of corrections", "Parmi les corrections"),
    "errors_labelling": ("Of uncertain tweets", "Parmi les tweets incertains"),
    "errors_of": ("of {n}; 95 %: {low} to {high}", "sur {n} ; 95 % : {low} à {high}"),
    "errors_caution": (
        "People judge what looks wrong or what the model is unsure of, so these shares compare "
        "groups and versions; they are not how often labels are wrong.",
        "On juge ce qui paraît faux ou ce dont le modèle doute : ces parts comparent des groupes "
        "et des versions ; elles ne disent pas la fréquence des erreurs.",
    ),
    "errors_better": (
        "▼ {name} errs less than {before}.",
        "▼ {name} se trompe moins que {before}.",
    ),
    "errors_worse": (
        "▲ {name} errs more than {before}: think of rolling back.",
        "▲ {name} se trompe plus que {before} : songez à revenir en arrière.",
    ),
    "errors_same": (
        "= {name} errs as often as {before}.",
        "= {name} se trompe aussi souvent que {before}.",
    ),
    "errors_too_few": (
        "? Too few judged labels to compare {name} with {before}.",
        "? Trop peu d'étiquettes jugées pour comparer {name} à {before}.",
    ),
    "errors_where": ("By what they have in common", "Selon leurs points communs"),
    "errors_by": ("By", "Selon"),
    "errors_by_language": ("language", "langue"),
    "errors_by_brand": ("brand", "marque"),
    "errors_by_reason": ("reason", "motif"),
    "errors_by_term": ("word", "mot"),
    "errors_group": ("Group", "Groupe"),
    "errors_judged": ("Judged", "Jugés"),
    "errors_missed": ("Missed", "Manqués"),
    "errors_false": ("False", "À tort"),
    "errors_share": ("Wrong", "Faux"),
    "errors_no_reason": ("no known reason", "sans motif connu"),
    "errors_no_brand": ("no brand", "sans marque"),
    "errors_worst": ("The most confident mistakes", "Les erreurs les plus sûres d'elles"),
    "errors_missed_one": (
        "negative, but not labelled so",
        "négatif, mais pas étiqueté ainsi",
    ),
    "errors_false_one": ("labelled negative, but is not", "étiqueté négatif, mais ne l'est pas"),
    "errors_score": ("score {percent}", "score {percent}"),
    "errors_still_wrong": ("still wrong today", "encore faux aujourd'hui"),
    "errors_right_today": ("right today", "juste aujourd'hui"),
    "errors_report": (
        "The whole report, as a page, where badbuzz runs:",
        "Le rapport entier, en une page, là où badbuzz tourne :",
    ),
}
