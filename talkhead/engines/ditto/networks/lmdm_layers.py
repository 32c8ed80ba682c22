"""The transformer layers of the motion model.

The published layers each hold the one rotary module; it is there for its name in the checkpoint,
and the turns come from above.
"""

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from talkhead.engines.ditto.networks.attention import Attention, KeysValues
from talkhead.engines.ditto.networks.folding import Foldable
from talkhead.engines.ditto.networks.rotary import Rotary, Turn, turned

WIDTH = 512
HIDDEN = 1024
LAYERS = 8
FILMS = 3  # modulations of a decoder layer: after each of its three parts


class EncoderLayer(nn.Module):
    def __init__(self, rotary: Rotary) -> None:
        super().__init__()
        self.self_attn = Attention(WIDTH)
        self.linear1 = nn.Linear(WIDTH, HIDDEN)
        self.linear2 = nn.Linear(HIDDEN, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.rotary = rotary

    def forward(
        self, x: Float[Tensor, "batch tokens width"], turn: Turn
    ) -> Float[Tensor, "batch tokens width"]:
        x = x + self.self_attn(self.norm1(x), turn)
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class Film(nn.Module):
    """A scale and a shift for every channel, from one vector."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Mish(), nn.Linear(WIDTH, 2 * WIDTH))

    def forward(self, t: Float[Tensor, "batch width"]) -> Float[Tensor, "batch 2 width"]:
        return self.block(t).unflatten(-1, (2, WIDTH))


def modulated(
    x: Float[Tensor, "batch tokens width"], film: Float[Tensor, "batch 2 width"]
) -> Float[Tensor, "batch tokens width"]:
    scale, shift = film[:, :, None].unbind(1)
    return torch.addcmul(shift, 1 + scale, x)


class DecoderLayer(nn.Module):
    def __init__(self, rotary: Rotary) -> None:
        super().__init__()
        self.self_attn = Attention(WIDTH)
        self.multihead_attn = Attention(WIDTH)
        self.linear1 = nn.Linear(WIDTH, HIDDEN)
        self.linear2 = nn.Linear(HIDDEN, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.norm3 = nn.LayerNorm(WIDTH)
        self.film1 = Film()
        self.film2 = Film()
        self.film3 = Film()
        self.rotary = rotary

    def forward(
        self,
        x: Float[Tensor, "batch tokens width"],
        memory: KeysValues,
        films: Float[Tensor, "batch 3 2 width"],
        turn: Turn,
    ) -> Float[Tensor, "batch tokens width"]:
        first, second, third = films.unbind(1)
        x = x + modulated(self.self_attn(self.norm1(x), turn), first)
        x = x + modulated(self.multihead_attn.read(self.norm2(x), turn, memory), second)
        return x + modulated(self.linear2(F.gelu(self.linear1(self.norm3(x)))), third)


class DecoderStack(Foldable):
    def __init__(self, rotary: Rotary) -> None:
        super().__init__()
        self.stack = nn.ModuleList(DecoderLayer(rotary) for _ in range(LAYERS))
        self.all_films: nn.Linear | None = None  # of every layer, once folded

    def forward(
        self,
        x: Float[Tensor, "batch frames width"],
        memory: Float[Tensor, "layers 2 batch heads frames channels"],
        time_tokens: Float[Tensor, "batch 2 width"],
        t: Float[Tensor, "batch width"],
        turn: Turn,
    ) -> Float[Tensor, "batch frames width"]:
        """`memory` from `keys_values`; the tokens of the time come after it."""
        frames = x.shape[1]
        turned_time = turned(time_tokens, Turn(turn.cosine[frames:], turn.sine[frames:]))
        films = self._films(t)
        for index, layer in enumerate(self._layers()):
            time = layer.multihead_attn.keys_values(time_tokens, turned_time)
            whole = KeysValues(*memory[index].unbind(0)).then(time)
            x = layer(x, whole, films[:, index], turn)
        return x

    def keys_values(
        self, tokens: Float[Tensor, "batch frames width"], turn: Turn
    ) -> Float[Tensor, "layers 2 batch heads frames channels"]:
        """What every layer's cross-attention sees of these tokens: the first of its memory."""
        moved = turned(tokens, turn)
        pairs = [layer.multihead_attn.keys_values(tokens, moved) for layer in self._layers()]
        return torch.stack([torch.stack(pair) for pair in pairs])

    def fold(self) -> nn.Module:
        """One product makes all modulations: 24 small ones would wait for each other."""
        blocks = [cast(nn.Linear, film.block[1]) for film in self._each_film()]
        joint = nn.Linear(WIDTH, len(blocks) * 2 * WIDTH, device="meta")
        joint.weight = nn.Parameter(torch.cat([block.weight for block in blocks]))
        joint.bias = nn.Parameter(torch.cat([block.bias for block in blocks]))
        self.all_films = joint
        for layer in self._layers():
            del layer.film1, layer.film2, layer.film3, layer.rotary
        return self

    def _films(self, t: Float[Tensor, "batch width"]) -> Float[Tensor, "batch layers 3 2 width"]:
        if self.all_films is None:
            made = torch.stack([film(t) for film in self._each_film()], 1)
        else:
            made = self.all_films(F.mish(t))
        return made.reshape(len(t), LAYERS, FILMS, 2, WIDTH)

    def _each_film(self) -> list[Film]:
        return [film for one in self._layers() for film in (one.film1, one.film2, one.film3)]

    def _layers(self) -> list[DecoderLayer]:
        return cast("list[DecoderLayer]", list(self.stack))
