"""What a caller may set about how a portrait is shown."""

from talkhead.engines.control import Control

NEUTRAL_EXPRESSION = Control(
    name="neutral_expression",
    default=1.0,
    effect="How much of the portrait's own smile and open mouth is taken away while it speaks.",
)
RENDERER_CONTROLS: tuple[Control, ...] = (NEUTRAL_EXPRESSION,)
