using Platform.Files.Engine;

namespace Platform.Couriers.Previews;

/// <summary>Which file is to be looked at, and how. Either <see cref="FileId"/>, or <see cref="CredentialId"/> with <see cref="Path"/>.</summary>
internal sealed record PreviewInput
{
    /// <summary>A landed file (<c>lf-…</c>).</summary>
    public string? FileId { get; init; }

    /// <summary>The credential of a source (<c>cred-…</c>).</summary>
    public string? CredentialId { get; init; }

    /// <summary>The bucket, where the source is S3.</summary>
    public string? Bucket { get; init; }

    /// <summary>Address of an S3-compatible server; without it the credential's own.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Path of the file at the source, as <c>GET /api/browse/files</c> gives it.</summary>
    public string? Path { get; init; }

    /// <summary><c>table</c> (default) or <c>raw</c>.</summary>
    public PreviewView View { get; init; }

    /// <summary>What the file is, for example <c>text/csv</c>; without it, told from its first bytes and its name.</summary>
    public string? ContentType { get; init; }

    /// <summary>How the file is written, as far as it is not to be inferred.</summary>
    public FileSettings? Settings { get; init; }

    /// <summary>Rows of the table, 1 to 200.</summary>
    public int Rows { get; init; } = 50;
}

/// <summary>How a file is shown.</summary>
internal enum PreviewView
{
    /// <summary>Its rows, read as the content type says.</summary>
    Table,

    /// <summary>Its first bytes as text, or in hexadecimal where they are none.</summary>
    Raw,
}

/// <summary>A column of the table.</summary>
/// <param name="Name">As the file spells it.</param>
/// <param name="Type">The field type that keeps its values.</param>
/// <param name="FileType">The type in the file's own words.</param>
/// <param name="Nullable">Whether nulls are to be expected.</param>
internal sealed record PreviewColumn(string Name, FieldType Type, string FileType, bool Nullable);

/// <summary>The beginning of a file.</summary>
internal sealed record PreviewAnswer
{
    /// <summary>Where the file lies.</summary>
    public required string Source { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    public required long Size { get; init; }

    /// <summary>What it was read as.</summary>
    public required string ContentType { get; init; }

    /// <summary>How it was read: what was said and what was inferred. Change members and ask again.</summary>
    public required FileSettings Settings { get; init; }

    /// <summary>With view <c>table</c>.</summary>
    public IReadOnlyList<PreviewColumn>? Columns { get; init; }

    /// <summary>With view <c>table</c>: one list per row, each cell as JSON text, or null.</summary>
    public IReadOnlyList<IReadOnlyList<string?>>? Rows { get; init; }

    /// <summary>With view <c>table</c>: rows that were passed over because they are bad ones, with their positions.</summary>
    public IReadOnlyList<string>? BadRows { get; init; }

    /// <summary>With view <c>raw</c>.</summary>
    public string? Raw { get; init; }
}
