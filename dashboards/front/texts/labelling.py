"""What the page *Label* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "label_about": (
        "Tweets of which the models are least sure, one at a time. Your answers tell where they "
        "are wrong, and teach the next ones. What the model says is shown after your answer.",
        "Les tweets dont les modèles sont le moins sûrs, un à la fois. Vos réponses disent où ils "
        "se trompent, et instruisent les suivants. L'avis du modèle apparaît après votre réponse.",
    ),
    "label_language": ("Language of tweets", "Langue des tweets"),
    "label_all": ("All", "Toutes"),
    "label_count": (
        "Labelled: {n} · skipped: {skipped}",
        "Annotés : {n} · passés : {skipped}",
    ),
    "label_empty": (
        "Nothing is left to label: well done. New tweets come with the stream.",
        "Plus rien à annoter : bravo. De nouveaux tweets viendront avec le flux.",
    ),
    "label_skipped_all": (
        "Nothing is left but what you skipped: well done.",
        "Il ne reste que ce que vous avez passé : bravo.",
    ),
    "label_again": ("Show what was skipped", "Revoir les tweets passés"),
    "label_of": ("About {brand} · {when} · {language}", "Sur {brand} · {when} · {language}"),
    "label_question": (
        "What does it say of {brand}? Press the key that stands on the button.",
        "Que dit-il de {brand} ? Appuyez sur la touche indiquée sur le bouton.",
    ),
    "label_negative": ("Negative", "Négatif"),
    "label_negative_key": ("N", "N"),
    "label_other": ("Other than negative", "OK, pas négatif"),
    "label_other_key": ("O", "O"),
    "label_skip": ("Skip", "Sauter"),
    "label_skip_key": ("S", "S"),
    "label_undo": ("Undo", "Annuler"),
    "label_undo_key": ("Z", "Z"),
    "label_said_negative": ("negative", "négatif"),
    "label_said_other": ("not negative", "pas négatif"),
    "label_agreed": ("the model agrees", "le modèle est d'accord"),
    "label_disagreed": ("the model says otherwise", "le modèle dit le contraire"),
    "label_last": (
        "Your last answer: {said}; {agreed} (negative with {percent}). Undo asks again: your "
        "last word counts.",
        "Votre dernière réponse : {said} ; {agreed} (négatif à {percent}). Annuler repose la "
        "question : votre dernier mot compte.",
    ),
}
