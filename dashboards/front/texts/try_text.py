"""What the page *Try* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "try_about": (
        "Write what somebody might post about a brand: the models that watch the stream say "
        "whether it is negative, and why.",
        "Écrivez ce que quelqu'un pourrait publier sur une marque : les modèles qui surveillent "
        "le flux disent si c'est négatif, et pourquoi.",
    ),
    "try_text": ("Text", "Texte"),
    "try_language": ("Language of the text", "Langue du texte"),
    "try_guess": ("Guess it", "À deviner"),
    "try_score": ("Score it", "Évaluer"),
    "try_nothing": ("Write a text first.", "Écrivez d'abord un texte."),
    "try_unread": (
        "No model reads {language}: nothing can be said of this text.",
        "Aucun modèle ne lit cette langue ({language}) : rien à dire de ce texte.",
    ),
    "try_says_negative": ("Negative", "Négatif"),
    "try_says_other": ("Not negative", "Pas négatif"),
    "try_score_is": (
        "The model holds it to be negative with a probability of **{percent}**.",
        "Le modèle le tient pour négatif avec une probabilité de **{percent}**.",
    ),
    "try_legend": (
        "Underlined, with + : pushes towards negative. Dotted, with − : pushes away from it.",
        "Souligné, avec + : pousse vers le négatif. En pointillé, avec − : en éloigne.",
    ),
    "in_en": ("English", "anglais"),
    "in_fr": ("French", "français"),
    "in_de": ("German", "allemand"),
    "in_es": ("Spanish", "espagnol"),
    "in_it": ("Italian", "italien"),
    "in_nl": ("Dutch", "néerlandais"),
    "in_pt": ("Portuguese", "portugais"),
    "in_und": ("unknown", "inconnue"),
    "try_word": ("Word", "Mot"),
    "try_pulls_to": ("Pushes towards", "Pousse vers"),
    "try_by": ("By", "Poids"),
    "try_negative": ("negative", "négatif"),
    "try_other": ("not negative", "pas négatif"),
    "try_guessed": (
        "Taken for {language}, scored by {bundle}. By: what the word adds to the logit.",
        "Langue devinée : {language} ; modèle : {bundle}. Poids : ce que le mot ajoute au logit.",
    ),
    "try_given": (
        "In {language}, scored by {bundle}. By: what the word adds to the logit.",
        "Langue : {language} ; modèle : {bundle}. Poids : ce que le mot ajoute au logit.",
    ),
    "try_why": ("Why: word by word", "Pourquoi : mot par mot"),
    "try_right": ("Is that right?", "Est-ce juste ?"),
    "try_yes": ("That's right", "C'est juste"),
    "try_no": ("That's wrong", "C'est faux"),
    "try_noted_wrong": (
        "Kept as a mistake of {bundle}, names in the text hidden. It will be looked at, and "
        "learnt from.",
        "Conservé comme une erreur de {bundle}, les noms dans le texte masqués. Elle sera "
        "examinée et servira à apprendre.",
    ),
    "try_noted_right": (
        "Kept: {bundle} was right, names in the text hidden.",
        "Conservé : {bundle} avait raison, les noms dans le texte masqués.",
    ),
}
