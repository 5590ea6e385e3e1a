"""What all shipped folders have in common: a reader who knows one finds everything in the next."""

from pathlib import Path

import pytest

from slipway.folder import model_names, open_model

ROOT = Path(__file__).parents[3] / "model_repo"
PARTS = (
    "README.md",
    "recipe.py",
    "data.py",
    "network.py",
    "baseline.py",
    "exhibits.py",
    "client.py",
)
HEADINGS = ["Network", "Data", "Figures", "Limits", "Your own data", "Ask it"]


@pytest.mark.parametrize("name", model_names(ROOT))
def test_every_folder_has_the_same_parts_and_its_card_the_same_headings(name):
    folder = open_model(name, ROOT)
    assert [part for part in PARTS if not (folder.path / part).is_file()] == []
    card = (folder.path / "README.md").read_text()
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == HEADINGS
    assert card.rstrip().splitlines()[-1].startswith(f"    python model_repo/{name}/client.py")
    assert folder.recipe.metric.lead > 0


@pytest.mark.parametrize("name", model_names(ROOT))
def test_every_client_is_called_in_the_same_way(name):
    client = open_model(name, ROOT).module("client")
    assert callable(client.ask)
    assert callable(client.check)
    assert len(client.EXAMPLE)
    source = Path(client.__file__).read_text()
    assert "Needs `pip install tritonclient[grpc]" in source
    assert "slipway" not in source.lower()
