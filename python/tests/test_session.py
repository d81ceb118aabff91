from tarn_runner import session


def test_python_files(tmp_path):
    for name in ("b.py", "a.py", "data.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "package").mkdir()
    folder = str(tmp_path)
    found = session._python_files([folder, "/x/lib.zip", folder, "/x/lib.whl"])
    assert found == [f"{folder}/a.py", f"{folder}/b.py", "/x/lib.zip", "/x/lib.whl"]
