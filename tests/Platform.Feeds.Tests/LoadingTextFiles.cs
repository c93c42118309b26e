using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Feeds.Couriers;
using Platform.Files.Engine;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>CSV, JSON and XML from the landing store to a table: the draft made from the sample, the settings of the entities list, bad rows.</summary>
public sealed class LoadingTextFiles(FeedsApp app)
{
    [Fact]
    public async Task A_csv_sample_makes_a_feed_that_loads_it()
    {
        var sample = Land("csv", "text/csv", "id;Name;born;price\n1;\"Ann; the first\";31.12.1999;1,5\n2;Bob;;2\n");
        var (feed, table) = await app.ActiveFeedAsync(new() { ["sampleFileId"] = sample.FileId, ["primaryKey"] = new JsonArray("id") });
        var fields = (await app.Operator.GetAsync($"/api/feeds/{feed}", HttpStatusCode.OK))["active"]!["fields"]!.AsArray();
        Assert.Equal(["id:integer:", "Name:string:", "born:date:dd.MM.yyyy", "price:string:"], fields.Select(field => $"{field!["name"]}:{field["type"]}:{field["pattern"]}"));

        var load = await app.LoadAsync(feed, sample, Land("csv", "text/csv", "ID;name;BORN;price\r\n2;Ben;01.02.2000;\r\n3;Cid;03.04.2001;0\r\n"));

        Assert.Equal("loaded", (string?)load["state"]);
        Assert.Equal(["1|Ann; the first|1999-12-31|1,5", "2|Ben|2000-02-01", "3|Cid|2001-04-03|0"], await app.RowsAsync(table, "id, \"Name\", born, price"));
    }

    [Fact]
    public async Task What_the_entities_list_says_goes_before_what_is_found()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = Land("csv", "text/csv", "report of today\nid:v\n1:'a:b'\n", new() { Csv = new() { Separator = ":", Quote = "'", HeaderRows = 2 } });

        Assert.Equal("loaded", (string?)(await app.LoadAsync(feed, file))["state"]);
        Assert.Equal(["1|a:b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task A_ragged_row_is_rejected_and_a_broken_file_changes_nothing()
    {
        var (feed, table) = await app.KeyedFeedAsync(threshold: 50);

        var ragged = await app.LoadAsync(feed, Land("csv", "text/csv", "id,v\n1,a\n2\n3,c\n"));
        var broken = await app.LoadAsync(feed, Land("csv", "text/csv", "id,v\n4,d\n5,\"e\n6,f\n"));

        Assert.Equal("3 2 0 0 0 1 0", ragged.Counts());
        var rejected = (await app.Operator.GetAsync($"/api/loads/{ragged["id"]}/rejected-rows", HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal("has 1 fields, expected 2 (line 3 (byte 9))", (string?)rejected.Single()!["reason"]);
        Assert.Equal(("failed", "badFile"), ((string)broken["state"]!, (string)broken["failure"]!));
        Assert.Contains("line 3 (byte 11), opens a quote that the file never closes", (string)broken["reason"]!, StringComparison.Ordinal);
        Assert.Equal(["1|a", "3|c"], await app.RowsAsync(table));
    }

    [Theory]
    [InlineData("json", "application/json", """[{"id":1,"v":"a"},{"id":2,"v":{"x":1.50}}]""")]
    [InlineData("ndjson", "application/x-ndjson", "{\"id\":1,\"v\":\"a\"}\n{\"id\":2,\"v\":{\"x\":1.50}}\n")]
    [InlineData("tsv", "text/tab-separated-values", "id\tv\n1\ta\n2\t\"{\"\"x\"\":1.50}\"\n")]
    [InlineData("psv", "text/pipe-separated-values", "id|v\n1|a\n2|{\"x\":1.50}\n")]
    [InlineData("xml", "application/xml", "<r><c><id>1</id><v>a</v></c><c><id>2</id><v>{\"x\":1.50}</v></c></r>")]
    public async Task Every_text_format_gives_the_same_table(string extension, string contentType, string text)
    {
        var (feed, table) = await app.KeyedFeedAsync();

        Assert.Equal("loaded", (string?)(await app.LoadAsync(feed, Land(extension, contentType, text)))["state"]);
        Assert.Equal(["1|a", "2|{\"x\":1.50}"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Patterns_that_cannot_be_are_refused_with_their_place()
    {
        var answer = await app.Operator.PostAsJsonAsync("/api/feeds", new
        {
            source = "Test",
            name = app.UniqueName(),
            fields = new object[]
            {
                new { name = "id", type = "integer", pattern = "yyyy" },
                new { name = "a", type = "date", pattern = "dd/MM/yyyy HH:mm" },
                new { name = "b", type = "datetime", pattern = "DD.QQ.yyyy" },
                new { name = "c", type = "datetime", pattern = "dd/MM/yyyy HH:mm" },
            },
        });
        var problem = await answer.ReadAsync(HttpStatusCode.BadRequest);
        Assert.Equal(["$.fields[0].pattern", "$.fields[1].pattern", "$.fields[2].pattern"], problem["errors"]!.AsArray().Select(error => (string)error!["path"]!).Order());
    }

    private LandedFile Land(string extension, string contentType, string text, FileSettings? settings = null)
    {
        var name = $"{Guid.CreateVersion7()}.{extension}";
        File.WriteAllText(Path.Combine(app.LandingRoot, name), text, new UTF8Encoding(false));
        return app.Landed.Add(app.LandExisting(name) with { ContentType = contentType, Settings = settings });
    }
}
