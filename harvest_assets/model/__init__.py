"""The nouns: frozen values that every stage shares. No behaviour beyond what a value knows of itself."""
