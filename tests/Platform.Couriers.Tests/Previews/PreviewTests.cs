using System.Net;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Couriers.Tests.Previews;

public sealed class PreviewTests(CouriersApp app)
{
    [Fact]
    public async Task A_source_file_is_shown_as_a_table_and_raw()
    {
        var bucket = await app.NewBucketAsync();
        await PutFileAsync(bucket, "weather.avro", SharedData.Path("avro", "apache-avro", "weather.avro"));

        var table = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "weather.avro", rows = 2 });
        var raw = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "weather.avro", view = "raw" });

        Assert.Equal("application/avro", (string)table["contentType"]!);
        Assert.Equal(["station", "time", "temp"], table["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal(2, table["rows"]!.AsArray().Count);
        Assert.StartsWith("00000000  4f626a01", (string)raw["raw"]!);
    }

    [Fact]
    public async Task A_landed_file_is_shown_with_the_columns_of_its_path()
    {
        var bucket = await app.NewBucketAsync();
        await PutFileAsync(bucket, "in/date=2024-02-01/rows.avro", SharedData.Path("avro", "apache-avro", "weather.avro"));
        var courier = await app.CreateAsync(app.NewCourier("amazon-s3", "cred-good", new() { ["bucket"] = bucket }, ("'in/date='yyyy-MM-dd'/*.avro'", "rows", "application/avro")));
        var file = Assert.Single(await app.FilesOfAsync((string)(await app.RunAsync(courier, new { mode = "all" }))["id"]!));

        var table = await PreviewAsync(new { fileId = (string)file["fileId"]! });

        Assert.Equal(["station", "time", "temp", "date"], table["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal("\"2024-02-01\"", (string)table["rows"]![0]![3]!);
    }

    [Fact]
    public async Task Text_is_shown_raw_as_text()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "a.csv", "id;näme\n1;ü\n");

        Assert.Equal("id;näme\n1;ü\n", (string)(await PreviewAsync(new { credentialId = "cred-good", bucket, path = "a.csv", view = "raw" }))["raw"]!);
    }

    [Fact]
    public async Task How_text_is_written_is_inferred_and_can_be_overridden()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "a.csv", "id;name\n1;a,b\n2;c,d\n");

        var inferred = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "a.csv" });
        var overridden = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "a.csv", settings = new { csv = new { separator = ",", headerRows = 0 } } });

        Assert.Equal(["id", "name"], inferred["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal(";", (string)inferred["settings"]!["csv"]!["separator"]!);
        Assert.Equal("\"a,b\"", (string)inferred["rows"]![0]![1]!);
        Assert.Equal(["column1"], overridden["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal("\"id;name\"", (string)overridden["rows"]![0]![0]!);
    }

    [Fact]
    public async Task What_is_packed_and_encrypted_is_shown_as_what_it_holds()
    {
        var bucket = await app.NewBucketAsync();
        var folder = Directory.CreateTempSubdirectory("gnupg-");
        try
        {
            var packed = Tool.Run("gzip", ["-c"], "id;name\n1;Zoë\n"u8.ToArray());
            var secret = Tool.Run("gpg", ["--homedir", folder.FullName, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "open sesame", "--symmetric"], packed);
            await app.S3.Client.PutObjectAsync(
                new PutObjectRequest { BucketName = bucket, Key = "rows.csv.gz.gpg", InputStream = new MemoryStream(secret), UseChunkEncoding = false }, TestContext.Current.CancellationToken);
            Tool.Run("gpgconf", ["--homedir", folder.FullName, "--kill", "all"]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        app.Sisters.Credentials["cred-pgp-preview"] = new() { ["id"] = "cred-pgp-preview", ["type"] = "pgp", ["version"] = 1, ["fields"] = new JsonObject { ["passphrase"] = "open sesame" } };
        var settings = new { pgpCredentialId = "cred-pgp-preview" };
        var table = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "rows.csv.gz.gpg", settings });
        var raw = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "rows.csv.gz.gpg", view = "raw", settings });
        var locked = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "rows.csv.gz.gpg" }, HttpStatusCode.UnprocessableEntity);

        Assert.Equal(["id", "name"], table["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal("\"Zoë\"", (string)table["rows"]![0]![1]!);
        Assert.Equal("id;name\n1;Zoë\n", (string)raw["raw"]!);
        Assert.Contains("Set object/pgp-credential", (string)locked["detail"]!);
    }

    [Fact]
    public async Task What_cannot_be_shown_says_why()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "broken.avro", "Obj\u0001 and nothing more");
        await app.PutAsync(bucket, "longer-name.csv", "x");

        var broken = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "broken.avro" }, HttpStatusCode.UnprocessableEntity);
        var missing = await PreviewAsync(new { credentialId = "cred-good", bucket, path = "longer" }, HttpStatusCode.UnprocessableEntity);
        var nothing = await PreviewAsync(new { rows = 1000 }, HttpStatusCode.BadRequest);
        var unknown = await PreviewAsync(new { fileId = "lf-none" }, HttpStatusCode.NotFound);

        Assert.Contains($"s3://{bucket}/broken.avro", (string)broken["detail"]!);
        Assert.Contains("does not exist", (string)missing["detail"]!);
        Assert.Equal(["$", "$.rows"], nothing["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        Assert.Equal("/problems/unknown-landed-file", (string)unknown["type"]!);
    }

    private Task<JsonObject> PreviewAsync(object input, HttpStatusCode expected = HttpStatusCode.OK) =>
        app.PostAsync("/api/previews", JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(input)), expected);

    private Task PutFileAsync(string bucket, string key, string path) =>
        app.S3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, FilePath = path, UseChunkEncoding = false }, TestContext.Current.CancellationToken);
}
