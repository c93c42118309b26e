using System.Text;
using Platform.Files.Engine;
using Platform.Files.Formats.Xml;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats.Xml;

/// <summary>Records that are XML elements.</summary>
public sealed class XmlFormatTests(EngineFixture engine)
{
    private const string Customers = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- exported -->
        <customers xmlns="urn:x" xmlns:y="urn:y">
          <customer id="1"><name>M&amp;M</name><y:since>2020-01-02</y:since><tag>a</tag><tag>b</tag></customer>
          <customer id="2"><name><![CDATA[<b>]]></name><address kind="home"><city>Köln</city><zip/></address></customer>
          <customer id="3"/>
        </customers>
        """;

    [Fact]
    public async Task Children_and_attributes_are_columns()
    {
        var copied = await engine.CopyAsync(Xml(Customers), TextFiles.Field("@id", FieldType.Integer), TextFiles.Field("name", FieldType.String), TextFiles.Field("since", FieldType.Date), TextFiles.Field("tag", FieldType.Json), TextFiles.Field("address", FieldType.Json));
        Assert.Equal(
            [
                ["1", "M&M", "2020-01-02", """["a","b"]""", null],
                ["2", "<b>", null, null, """{"@kind":"home","city":"Köln","zip":null}"""],
                ["3", null, null, null, null],
            ],
            copied.Rows.Select(row => row.Values));
    }

    [Fact]
    public async Task The_columns_types_are_inferred()
    {
        var columns = await engine.Engine.InferAsync(Xml(Customers), TestContext.Current.CancellationToken);
        Assert.Equal(["@id:Integer", "name:String", "since:Date", "tag:Json", "address:Json"], columns.Select(column => $"{column.Name}:{column.Type}"));
    }

    [Fact]
    public async Task The_row_element_may_be_named_and_lie_anywhere()
    {
        const string Text = "<r><meta>x</meta><page><item>1</item><other/><item><a>2</a></item></page><item/></r>";
        var file = Xml(Text) with { Settings = new() { Xml = new() { RowElement = "item" } } };
        var copied = await engine.CopyAsync(file, TextFiles.Texts("value", "a"));
        Assert.Equal([["1", null], [null, "2"], [null, null]], copied.Rows.Select(row => row.Values));
    }

    [Theory]
    [InlineData("<r><a/><b/></r>", "line 1 (column 9), has an element that is no 'a'")]
    [InlineData("<r><a/>text</r>", "has text between the records")]
    [InlineData("<r><a>1</a>", "line 1 (column 12), is not well-formed XML")]
    [InlineData("<!DOCTYPE r [<!ENTITY e 'x'>]><r><a>&e;</a></r>", "is not well-formed XML")]
    [InlineData("<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", "is not well-formed XML")]
    [InlineData("<r><a>&e;</a></r>", "is not well-formed XML")]
    [InlineData("", "is not well-formed XML")]
    public async Task What_is_not_taken_ends_the_file_with_its_position(string text, string expected)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(Xml(text), TextFiles.Texts("a")));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_and_length_of_a_record_are_bounded()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 100_000));
        Assert.Contains($"more than {XmlElement.MaxDepth} elements", Refused($"<r>{deep}").Message, StringComparison.Ordinal);
        var shallow = string.Concat(Enumerable.Repeat("<a>", 200)) + string.Concat(Enumerable.Repeat("</a>", 200));
        Assert.Single(Read($"<r>{shallow}</r>"));
        Assert.Contains("more than 16 MB", Refused($"<r><a>{new string('x', 40 << 20)}</a></r>").Message, StringComparison.Ordinal);
        Assert.Contains("more than 16 MB", Refused($"<r><a b='{new string('x', 40 << 20)}'/></r>").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutants_are_read_or_refused()
    {
        var original = Encoding.UTF8.GetBytes(Customers);
        var random = new Random(1);
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            var mutant = original.ToList();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(mutant.Count);
                switch (random.Next(3))
                {
                    case 0:
                        mutant[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        mutant[at] = "<>&;/'\"= ![]x"u8[random.Next(13)];
                        break;
                    default:
                        mutant.RemoveRange(at, Math.Min(mutant.Count - at, random.Next(1, 9)));
                        break;
                }
            }

            try
            {
                Read([.. mutant]);
            }
            catch (EngineException e)
            {
                Assert.Equal(EngineFailure.BadFile, e.Failure);
                refused++;
            }
        }

        Assert.InRange(refused, 1, 399);
    }

    private static EngineException Refused(string text) => Assert.Throws<EngineException>(() => Read(text));

    private static List<List<string?>?> Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    private static List<List<string?>?> Read(byte[] bytes) =>
        ReadRecords.All(FilesLibrary.Formats.Get("xml"), EngineFixture.Source("/nowhere.xml", format: "xml"), new MemoryStream(bytes));

    private SourceFile Xml(string text) => engine.Bytes("xml", Encoding.UTF8.GetBytes(text));
}
