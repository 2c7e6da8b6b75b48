"""The Korean and Vietnamese editions in JupyterLab: menus, panel, words."""

import pytest

from browser.conftest import OUT, open_notebook, run_all
from d2l_style import language
from tools import lab as tool

pytestmark = [pytest.mark.slow, pytest.mark.torch]
_PLUGIN = "@jupyterlab/translation-extension/plugin"
_FILE = {"ko": "파일", "vi": "Tệp"}  # JupyterLab's own word for its menu


@pytest.mark.parametrize("code", tool.PACKS)
def test_the_studio_speaks(folder, lab, page, code):
    speak = language._catalogue(code)
    with lab({_PLUGIN: {"locale": tool.PACKS[code]}}) as url:
        open_notebook(page, url, f"studio-{code}.ipynb")
        run_all(page)
        start = page.locator(".d2l-panel button.mod-primary")
        start.wait_for()
        assert start.inner_text().strip() == speak["Start"]
        for tab in ("Weights", "Layers", "Settings"):
            page.get_by_role("tab", name=speak[tab], exact=True).wait_for()
        OUT.mkdir(exist_ok=True)
        page.screenshot(path=OUT / f"studio-{code}.png")
        menu = page.locator(".lm-MenuBar-itemLabel").first.inner_text()
        assert menu == _FILE[code]
