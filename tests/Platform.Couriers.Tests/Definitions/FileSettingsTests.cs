using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Couriers.Definitions;
using Platform.Files.Engine;
using Xunit;

namespace Platform.Couriers.Tests.Definitions;

public sealed class FileSettingsTests(CouriersApp app)
{
    [Fact]
    public void What_the_list_says_of_a_file_is_understood()
    {
        var findings = new Findings();
        var entity = Assert.Single(Read("""
            [ { "object/type": "file", "object/file-pattern": "'a.csv.gz.pgp'", "object/pgp-credential": "cred-pgp",
                "object/land-as": { "file/tag": "a", "file/content-type": "text/csv", "file/separator": "t", "file/quote": "", "file/escape": "\\", "file/header-rows": 0, "file/encoding": "utf-16",
                                    "file/columns": ["id", "name"], "file/compression": "gzip" } } ]
            """, findings));

        Assert.Empty(findings.Problems);
        Assert.Empty(findings.Warnings);
        Assert.Equal(("t", "", "\\", 0, "utf-16"), (entity.Settings.Csv!.Separator, entity.Settings.Csv.Quote, entity.Settings.Csv.Escape, entity.Settings.Csv.HeaderRows!.Value, entity.Settings.Csv.Encoding));
        Assert.Equal(["id", "name"], entity.Settings.Csv.Columns!);
        Assert.Equal(("gzip", "cred-pgp"), (entity.Settings.Compression, entity.Settings.PgpCredentialId));
    }

    [Fact]
    public void Members_of_an_archive_carry_its_day()
    {
        var entities = Read("""
            [ { "object/type": "archive", "object/file-pattern": "'all-'yyyy-MM-dd'.zip'", "archive/skip-missing-contents": true,
                "archive/contents": { "'customers-'yyyy-MM-dd'.csv'": { "subobject/type": "file", "subobject/land-as": { "file/tag": "customers", "file/content-type": "text/csv", "file/header-rows": 1 } },
                                      "plain.json": { "subobject/land-as": { "file/tag": "plain", "file/content-type": "application/json" } } } } ]
            """, new());

        Assert.Equal(["customers", "plain"], entities.Select(entity => entity.Tag));
        Assert.Equal(new ArchiveMember("customers-2024-02-01.csv", true), entities[0].SettingsOn(new(2024, 2, 1)).Member);
        Assert.Equal(new ArchiveMember("customers-*-*-*.csv", true), entities[0].SettingsOn(null).Member);
        Assert.Equal("plain.json", entities[1].SettingsOn(new(2024, 2, 1)).Member!.Name);
    }

    [Fact]
    public void Everything_that_is_wrong_is_named_by_its_path()
    {
        var findings = new Findings();
        Read("""
            [ { "object/type": "file", "object/file-pattern": "'a'", "object/land-as": { "file/tag": "a", "file/content-type": "text/csv", "file/separator": 7, "file/header-rows": "1", "file/columns": "id", "file/compression": "rar" } },
              { "object/type": "file", "object/file-pattern": "'b'", "object/land-as": { "file/tag": "b", "file/content-type": "text/csv", "file/separator": ";;", "file/header-rows": 1000, "file/encoding": "ebcdic" } } ]
            """, findings);

        Assert.Equal(
        [
            "$.entities[0]['object/land-as']['file/columns']", "$.entities[0]['object/land-as']['file/compression']", "$.entities[0]['object/land-as']['file/header-rows']",
            "$.entities[0]['object/land-as']['file/separator']", "$.entities[1]['object/land-as']['file/encoding']", "$.entities[1]['object/land-as']['file/header-rows']",
            "$.entities[1]['object/land-as']['file/separator']",
        ], findings.Problems.Select(problem => problem.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_archive_is_pulled_once_and_lands_under_each_tag_with_its_settings()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "all-2024-02-01.zip", "PK");
        var body = app.NewS3Courier(bucket, "'x'");
        body["entities"] = JsonNode.Parse("""
            [ { "object/type": "archive", "object/file-pattern": "'all-'yyyy-MM-dd'.zip'",
                "archive/contents": { "'a-'yyyy-MM-dd'.csv'": { "subobject/land-as": { "file/tag": "a", "file/content-type": "text/csv", "file/separator": "|" } },
                                      "'b.csv'": { "subobject/land-as": { "file/tag": "b", "file/content-type": "text/csv" } } } } ]
            """);
        var courier = await app.CreateAsync(body);

        var run = await app.RunAsync(courier, new { mode = "day", date = "2024-02-01" });
        var again = await app.RunAsync(courier, new { mode = "day", date = "2024-02-01" });

        var files = (await app.GetAsServiceAsync($"/internal/courier-runs/{run["id"]}/files"))["items"]!.AsArray().Select(item => item!["file"]!).ToArray();
        Assert.Equal(["a", "b"], files.Select(file => (string)file["tag"]!));
        Assert.Equal((string)files[0]["location"]!, (string)files[1]["location"]!);
        Assert.Equal(("|", "a-2024-02-01.csv"), ((string)files[0]["settings"]!["csv"]!["separator"]!, (string)files[0]["settings"]!["member"]!["name"]!));
        Assert.Equal(0, (int)again["files"]!["pulled"]!);
    }

    private static IReadOnlyList<Entity> Read(string entities, Findings findings) => EntitiesReader.Read(JsonElement.Parse(entities), "$.entities", findings);
}
