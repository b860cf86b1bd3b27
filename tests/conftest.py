"""Every test runs with the shapes in hatsr's signatures checked, unless it asks not to."""

import os

if not os.environ.get("HATSR_UNINSTRUMENTED"):
    from jaxtyping import install_import_hook

    install_import_hook("hatsr", "beartype.beartype")
