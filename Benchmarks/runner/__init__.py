"""The side-by-side runner: starts each peer's processes, puts the same load on them, compares."""
