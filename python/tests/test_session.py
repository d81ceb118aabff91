from tarn_runner import session


def test_python_files(tmp_path):
    for name in ("b.py", "a.py", "data.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "package").mkdir()
    folder = str(tmp_path)
    found = session._python_files([folder, "/x/lib.zip", folder, "/x/lib.whl"])
    assert found == [f"{folder}/a.py", f"{folder}/b.py", "/x/lib.zip", "/x/lib.whl"]


def test_catalogs_of_other_names_reach_the_same_glue():
    settings = {
        "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.glue_catalog.glue.endpoint": "http://localhost:1",
        "spark.sql.catalog.ice": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.ice.warehouse": "s3://own/",
        "spark.sql.catalog.mine": "com.example.Catalog",
    }
    assert session.other_catalogs(settings) == {"spark.sql.catalog.ice.glue.endpoint": "http://localhost:1"}
