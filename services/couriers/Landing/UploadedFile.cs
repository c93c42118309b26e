using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using Platform.Files;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Landing;

/// <summary>What is said about a file that a person uploads (F2); what is not said is found out from its name and bytes.</summary>
internal sealed partial record UploadedFile
{
    /// <summary>The tag when none is given.</summary>
    public const string DefaultTag = "sample";

    private const int MaxName = 200;
    private const int MaxMember = 500;

    /// <summary>The file's name, for example <c>users-2026-03-01.csv.gz</c>.</summary>
    [FromQuery(Name = "name")]
    public string? Name { get; init; }

    /// <summary>For example <c>text/csv</c>; by default that of the request when it is one of a file format, else told from the file.</summary>
    [FromQuery(Name = "contentType")]
    public string? ContentType { get; init; }

    /// <summary>The tag the file gets, under which an ingest query finds it; <c>sample</c> by default.</summary>
    [FromQuery(Name = "tag")]
    public string? Tag { get; init; }

    /// <summary>The day the file belongs to.</summary>
    [FromQuery(Name = "fileDate")]
    public DateOnly? FileDate { get; init; }

    /// <summary>CSV: the character between values, <c>t</c> for a tab.</summary>
    [FromQuery(Name = "separator")]
    public string? Separator { get; init; }

    /// <summary>CSV: the character around values; empty when nothing is quoted.</summary>
    [FromQuery(Name = "quote")]
    public string? Quote { get; init; }

    /// <summary>CSV: the character before a quote inside quotes.</summary>
    [FromQuery(Name = "escape")]
    public string? Escape { get; init; }

    /// <summary>CSV: lines before the data, the last of which names the columns; 0 when none does.</summary>
    [FromQuery(Name = "headerRows")]
    public int? HeaderRows { get; init; }

    /// <summary>CSV: utf-8, utf-16, utf-16le, utf-16be, iso-8859-1 or windows-1252.</summary>
    [FromQuery(Name = "encoding")]
    public string? Encoding { get; init; }

    /// <summary>XML: the name of the elements that are rows.</summary>
    [FromQuery(Name = "rowElement")]
    public string? RowElement { get; init; }

    /// <summary>The member of an archive that is the file; <c>*</c> stands for any characters of one path segment.</summary>
    [FromQuery(Name = "member")]
    public string? Member { get; init; }

    /// <summary>The credential (<c>cred-…</c>) with the key of a file encrypted with PGP.</summary>
    [FromQuery(Name = "pgpCredentialId")]
    public string? PgpCredentialId { get; init; }

    public FileSettings Settings => new()
    {
        Csv = (Separator ?? Quote ?? Escape ?? Encoding) is null && HeaderRows is null ? null : new() { Separator = Separator, Quote = Quote, Escape = Escape, HeaderRows = HeaderRows, Encoding = Encoding },
        Xml = RowElement is null ? null : new() { RowElement = RowElement },
        Member = Member is null ? null : new(Member, SkipMissing: false),
        PgpCredentialId = PgpCredentialId,
    };

    /// <summary>Everything that is wrong with it, by the name of the query parameter.</summary>
    public List<FieldProblem> Problems(KindRegistry<IFileFormat> formats)
    {
        var problems = new List<FieldProblem>();
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > MaxName || Name.Any(character => char.IsControl(character) || character is '/' or '\\'))
        {
            problems.Add(new("name", $"Expected the file's name, without folders, of at most {MaxName} characters; for example users.csv."));
        }

        if (ContentType is not null && !IsKnown(formats, ContentType))
        {
            problems.Add(new("contentType", $"'{ContentType}' is no content type that can be read. Known: {string.Join(", ", formats.All.SelectMany(kind => kind.ContentTypes))}. Leave it out to have it found out."));
        }

        if (Tag is not null && !TagWord().IsMatch(Tag))
        {
            problems.Add(new("tag", "Expected letters, digits, _ - and . , at most 100 of them, for example users."));
        }

        if (Member is not null && (Member.Length is 0 or > MaxMember || Member.Any(char.IsControl)))
        {
            problems.Add(new("member", $"Expected the path of a member of the archive, of at most {MaxMember} characters."));
        }

        if (PgpCredentialId is not null && !CredentialId().IsMatch(PgpCredentialId))
        {
            problems.Add(new("pgpCredentialId", "Expected the id of a credential of type pgp, for example cred-k3xw91bd; GET /api/credentials lists them."));
        }

        problems.AddRange(Settings.Problems().Select(problem => new FieldProblem(Parameter(problem.Key), $"It {problem.Problem}")));
        return problems;
    }

    public static bool IsKnown(KindRegistry<IFileFormat> formats, string? contentType) =>
        contentType is not null && formats.All.Any(kind => kind.ContentTypes.Contains(contentType, StringComparer.OrdinalIgnoreCase));

    // file/header-rows is the parameter headerRows.
    private static string Parameter(string key) => HyphenAndLetter().Replace(key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..], match => match.Value[1..].ToUpperInvariant());

    [GeneratedRegex(@"^[\p{L}\p{Nd}_.\-]{1,100}\z")]
    private static partial Regex TagWord();

    [GeneratedRegex(@"^cred-[a-z0-9]{1,40}\z")]
    private static partial Regex CredentialId();

    [GeneratedRegex("-[a-z]")]
    private static partial Regex HyphenAndLetter();
}
