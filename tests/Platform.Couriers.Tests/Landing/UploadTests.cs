using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.Landing;

/// <summary>Sample files that people bring themselves (F2).</summary>
public sealed class UploadTests(CouriersApp app)
{
    [Fact]
    public async Task An_uploaded_file_stands_first_among_the_landed_ones_and_is_kept_byte_for_byte()
    {
        const string Text = "id;näme\n1;ü\n";

        var file = await UploadAsync("name=users.csv&tag=people&separator=;&fileDate=2026-03-01", Encoding.UTF8.GetBytes(Text), "text/csv");

        Assert.Equal(("users.csv", "people", "text/csv", "uploads", "2026-03-01", 14L), ((string)file["fileName"]!, (string)file["tag"]!, (string)file["contentType"]!, (string)file["courierId"]!, (string)file["fileDate"]!, (long)file["size"]!));
        Assert.Equal(";", (string)file["settings"]!["csv"]!["separator"]!);
        Assert.Equal(Text, await app.ReadLandedAsync(file["fileId"]));
        var listed = await app.GetAsync("/api/landed-files?courierId=uploads&tag=people&limit=1");
        Assert.Equal((string)file["fileId"]!, (string)listed["items"]![0]!["fileId"]!);
        var shown = await app.PostAsync("/api/previews", new JsonObject { ["fileId"] = (string)file["fileId"]! }, HttpStatusCode.OK);
        Assert.Equal(["id", "näme"], shown["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Equal((string)file["fileId"]!, (string)(await app.GetAsServiceAsync($"/internal/landed-files/{file["fileId"]}"))["fileId"]!);
    }

    [Fact]
    public async Task What_the_caller_does_not_say_is_told_from_the_file()
    {
        await using var weather = File.OpenRead(SharedData.Path("avro", "apache-avro", "weather.avro"));
        using var content = new StreamContent(weather);
        content.Headers.ContentType = new("application/x-www-form-urlencoded");
        var avro = await app.Client.PostAsync("/api/landed-files?name=weather", content, TestContext.Current.CancellationToken).ReadAsync(HttpStatusCode.Created);
        var zipped = await UploadAsync("name=a.ndjson.gz", [0x1F, 0x8B, 0, 0], null);
        var said = await UploadAsync("name=a.bin&contentType=text/tab-separated-values", [(byte)'a'], "application/octet-stream");

        Assert.Equal("application/avro", (string)avro["contentType"]!);
        Assert.Equal("application/x-ndjson", (string)zipped["contentType"]!);
        Assert.Equal("text/tab-separated-values", (string)said["contentType"]!);
    }

    [Fact]
    public async Task Everything_wrong_with_an_upload_is_named_at_once()
    {
        var refused = await UploadAsync("name=../a.csv&contentType=image/png&tag=%20&separator=ab&headerRows=-1&pgpCredentialId=x&rowElement=", [1], "multipart/form-data; boundary=a", HttpStatusCode.BadRequest);
        var empty = await UploadAsync("name=a.csv", [], "text/csv", HttpStatusCode.BadRequest);

        Assert.Equal(["$", "contentType", "headerRows", "name", "pgpCredentialId", "rowElement", "separator", "tag"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!).Order(StringComparer.Ordinal));
        Assert.Equal("$", (string)empty["errors"]![0]!["path"]!);
    }

    [Fact]
    public async Task Viewers_upload_nothing()
    {
        using var content = new ByteArrayContent([1]);
        using var viewer = app.As("viewer");
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsync("/api/landed-files?name=a.csv", content, TestContext.Current.CancellationToken)).StatusCode);
    }

    private async Task<JsonObject> UploadAsync(string query, byte[] bytes, string? type, HttpStatusCode expected = HttpStatusCode.Created)
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return await app.Client.PostAsync($"/api/landed-files?{query}", content).ReadAsync(expected);
    }
}
