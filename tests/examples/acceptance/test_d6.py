"""D6: Hillstrom's e-mail test of 2008, by its published counts alone."""

from engine.experiments.proportions import Proportion, newcombe
from engine.experiments.ratio import sample_ratio

MENS, NOBODY = 21_307, 21_306


def test_d6_a_public_experiment_comes_out_as_published() -> None:
    # given 18.276% who visited after the men's e-mail, and 10.617% after none
    mailed, left = Proportion(3894, MENS), Proportion(2262, NOBODY)
    assert (f"{100 * mailed.rate:.3f}", f"{100 * left.rate:.3f}") == ("18.276", "10.617")
    # then
    found = newcombe(mailed, left)
    assert f"{100 * (mailed.rate - left.rate):+.3f}" == "+7.659"
    assert (f"{100 * found.low:.3f}", f"{100 * found.high:.3f}") == ("6.995", "8.323")
    assert sample_ratio({"mens": MENS, "none": NOBODY}, {"mens": 1, "none": 1}).status == "fine"
