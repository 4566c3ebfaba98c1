"""What all pages say: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "page_live": ("Live", "En direct"),
    "page_alerts": ("Alerts", "Alertes"),
    "page_trying": ("Try", "Essayer"),
    "page_labelling": ("Label", "Annoter"),
    "page_history": ("History", "Historique"),
    "page_models": ("Models", "Modèles"),
    "language": ("Language", "Langue"),
    "language_en": ("English", "English"),
    "language_fr": ("Français", "Français"),
    "sign_in": ("Sign in", "Se connecter"),
    "sign_in_why": (
        "The API asks for a key. Yours was given to you by whoever runs badbuzz "
        "(`badbuzz keys add NAME --scope write`). It stays in this tab until you close it.",
        "L'API demande une clé. La vôtre vous a été remise par la personne qui gère badbuzz "
        "(`badbuzz keys add NOM --scope write`). Elle reste dans cet onglet jusqu'à ce que vous "
        "le fermiez.",
    ),
    "sign_in_key": ("API key", "Clé d'API"),
    "sign_out": ("Sign out", "Se déconnecter"),
    "try_again": ("Try again", "Réessayer"),
    "api_down": (
        "The API does not answer. This page comes back by itself once it does.",
        "L'API ne répond pas. Cette page reviendra d'elle-même dès qu'elle répondra.",
    ),
    "api_store_down": (
        "The API cannot reach its database. This page comes back by itself once it can.",
        "L'API n'atteint pas sa base de données. Cette page reviendra d'elle-même dès qu'elle "
        "l'atteindra.",
    ),
    "api_unauthorized": (
        "The API does not know this key: it is wrong, or was revoked.",
        "L'API ne connaît pas cette clé : elle est fausse, ou a été révoquée.",
    ),
    "api_forbidden": (
        "Your key may look, but not change that: ask for one with the scope “write”.",
        "Votre clé permet de consulter, pas de modifier : demandez-en une de portée « write ».",
    ),
    "api_not_found": ("There is no such thing (any more).", "Cela n'existe pas, ou plus."),
    "api_too_many": (
        "Too many requests under this key: wait a minute, or use a key of your own.",
        "Trop de requêtes avec cette clé : attendez une minute, ou prenez une clé à vous.",
    ),
    "api_refused": ("The API did not accept that.", "L'API n'a pas accepté cela."),
}
