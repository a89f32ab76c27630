"""All that can be measured: ourselves and the peers, of every shape."""

from .others import Dante, Microsocks, ShadowsocksLibev, Xray
from .peers import Causeway, SingBox
from .processes import Failure
from .relays import relays


def field(binary=None):
    """Everybody, ourselves first; `binary` is the program to run instead of building one."""
    causeway = Causeway(binary)
    return [causeway, SingBox(), Xray(), ShadowsocksLibev(), Microsocks(), Dante(), *relays(causeway)]


def competitor(name, shape, everybody):
    """The one of that name that can be put into scenarios of that shape; raises Failure."""
    for peer in everybody:
        if peer.name == name and shape in peer.shapes:
            return peer
    known = ", ".join(dict.fromkeys(peer.name for peer in everybody if shape in peer.shapes))
    raise Failure(f"there is no {name} for this scenario, but {known}")
