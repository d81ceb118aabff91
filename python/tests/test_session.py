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


def test_catalogs_that_ask_for_s3_get_the_one_that_takes_no_for_an_answer():
    conf = "spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO --conf spark.sql.catalog.mine.io-impl=com.example.FileIO"
    settings = session.settings_of({}, {"conf": conf}, "http://127.0.0.1:1/x")
    assert settings["spark.sql.catalog.glue_catalog.io-impl"] == "tarn.spark.LakeFileIO"
    assert settings["spark.sql.catalog.lake.io-impl"] == "tarn.spark.LakeFileIO"
    assert settings["spark.sql.catalog.mine.io-impl"] == "com.example.FileIO"
