"""Loaded by Python at its start, because `quell record` puts this folder first into PYTHONPATH. Starts Quell's hook and
then loads the sitecustomize that would have been loaded without us. Nothing here may ever be noticed by the program."""
import os
import sys


def _load_the_next_one():
    import importlib.machinery

    here = os.path.dirname(os.path.abspath(__file__))
    path = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


try:
    import importlib.util

    import quell_hook

    quell_hook.start()
except Exception:  # the program goes on without call sites
    pass

_load_the_next_one()
