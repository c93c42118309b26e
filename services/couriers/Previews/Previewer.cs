using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Landing;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Connections;
using Platform.Files;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Locations;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Previews;

/// <summary>Shows the beginning of a source or landed file as a table or raw (R12). What a file is made of is read by the engine's child, never here.</summary>
internal sealed class Previewer(
    CouriersDbContext context, SourceConnections connections, CredentialsClient credentials, LandingStore store, PreviewSpool spool, Engine engine, KindRegistry<IFileFormat> formats, TimeProvider clock)
{
    private const int RawBytes = 16 * 1024;

    public async Task<PreviewAnswer> PreviewAsync(PreviewInput input, CancellationToken cancellationToken)
    {
        if (input.FileId is not null)
        {
            var landed = await context.LandedFiles.AsNoTracking().SingleOrDefaultAsync(file => file.Id == input.FileId, cancellationToken)
                ?? throw new RefusedException(Refusal.NotFound("landed file", input.FileId, "GET /api/landed-files lists them."));
            using var copy = await store.FetchAsync(landed.Location, landed.Size, cancellationToken);
            if (copy is null)
            {
                throw new RunFailureException(FailureCategory.Configuration, $"{landed.Source} is no longer in the landing store. Run the courier again with force to have it pulled again.");
            }

            var settings = input.Settings ?? JsonSerializer.Deserialize<FileSettings>(landed.Settings, PlatformJson.Options)!;
            var partitions = JsonSerializer.Deserialize<Dictionary<string, string>>(landed.Partitions, PlatformJson.Options)!;
            return await ShowAsync(input, landed.Source, landed.Size, copy.Path, input.ContentType ?? landed.ContentType, settings, partitions, cancellationToken);
        }

        return await PreviewSourceAsync(input, cancellationToken);
    }

    private async Task<PreviewAnswer> PreviewSourceAsync(PreviewInput input, CancellationToken cancellationToken)
    {
        SourcePlace place = input.Bucket is { } bucket ? new BucketPlace(bucket, input.Endpoint is { } endpoint ? new Uri(endpoint) : null) : new SftpPlace("");
        using var source = await connections.OpenAsync(input.CredentialId!, place, "preview a file", cancellationToken);
        FileEntry? found = null;
        await foreach (var entry in source.ListAsync(input.Path!, ListDepth.Level, cancellationToken))
        {
            found = entry;
            break;
        }

        if (found is null || found.Path != input.Path)
        {
            throw new LocationException(LocationFault.FileMissing, $"{source.Describe(input.Path!)} does not exist.");
        }

        using var spooled = await spool.FetchAsync(source, found, input.ContentType, input.View, clock, cancellationToken);
        return await ShowAsync(
            input, source.Describe(found.Path), found.Size, spooled.Path, spooled.ContentType, input.Settings ?? FileSettings.Inferred, new Dictionary<string, string>(), cancellationToken);
    }

    private async Task<PreviewAnswer> ShowAsync(
        PreviewInput input, string source, long size, string path, string contentType, FileSettings settings, IReadOnlyDictionary<string, string> partitions, CancellationToken cancellationToken)
    {
        var answer = new PreviewAnswer { Source = source, Size = size, ContentType = contentType, Settings = settings };
        var file = new SourceFile { Path = path, Name = source, Format = "", FileId = 1, Settings = settings, Partitions = partitions, Pgp = await KeyAsync(settings, cancellationToken) };
        if (input.View == PreviewView.Raw)
        {
            var head = await engine.HeadAsync(file, RawBytes, cancellationToken);
            return answer with { Raw = RawText.Of(head.Bytes, head.IsWhole) };
        }

        var format = formats.All.FirstOrDefault(kind => kind.ContentTypes.Contains(contentType, StringComparer.OrdinalIgnoreCase))
            ?? throw new RunFailureException(FailureCategory.Configuration,
                $"The content type '{contentType}' cannot be read. Known: {string.Join(", ", formats.All.SelectMany(kind => kind.ContentTypes))}. View the file raw, or name another contentType.");
        file = file with { Format = format.Name };
        var fields = await engine.InferAsync(file, cancellationToken);
        var rows = await engine.PreviewAsync(file, input.Rows, cancellationToken);
        return answer with
        {
            Columns = [.. fields.Select(field => new PreviewColumn(field.Name, field.Type, field.FileType, field.Nullable))],
            Rows = rows.Rows,
            BadRows = rows.BadRows,
            Settings = rows.Settings ?? settings,
        };
    }

    /// <summary>What opens the file, where the settings say that it is encrypted.</summary>
    internal async Task<PgpKey?> KeyAsync(FileSettings settings, CancellationToken cancellationToken)
    {
        if (settings.PgpCredentialId is not { } id)
        {
            return null;
        }

        var secret = await credentials.FetchAsync(id, "preview of an encrypted file", cancellationToken);
        return secret.Type == "pgp"
            ? new() { PrivateKey = secret.Field("privateKey"), Passphrase = secret.Field("passphrase") }
            : throw new RunFailureException(FailureCategory.Configuration, $"The credential '{id}' is of type '{secret.Type}'. Expected one of type 'pgp', with the private key or the passphrase the file was encrypted for.");
    }
}

/// <summary>Bytes for people: text where they are text, else a table of hexadecimal digits.</summary>
internal static class RawText
{
    private const int BytesPerLine = 16;
    private const int MostHexadecimal = 4096;

    public static string Of(ReadOnlySpan<byte> bytes, bool whole)
    {
        var encoding = bytes switch
        {
            [0xff, 0xfe, ..] => Encoding.Unicode,
            [0xfe, 0xff, ..] => Encoding.BigEndianUnicode,
            _ when !bytes.Contains((byte)0) && IsUtf8(bytes, whole) => Encoding.UTF8,
            _ => null,
        };
        return encoding is null ? Hexadecimal(bytes[..Math.Min(bytes.Length, MostHexadecimal)]) : encoding.GetString(bytes).TrimStart('\uFEFF').TrimEnd('\uFFFD');
    }

    // A character may be cut in two at the end of what was read.
    private static bool IsUtf8(ReadOnlySpan<byte> bytes, bool whole)
    {
        for (var cut = 0; cut <= (whole ? 0 : Math.Min(3, bytes.Length)); cut++)
        {
            if (System.Text.Unicode.Utf8.IsValid(bytes[..^cut]))
            {
                return true;
            }
        }

        return false;
    }

    private static string Hexadecimal(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 5);
        for (var at = 0; at < bytes.Length; at += BytesPerLine)
        {
            var line = bytes.Slice(at, Math.Min(BytesPerLine, bytes.Length - at));
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{at:x8}  {Convert.ToHexStringLower(line),-32}  ");
            foreach (var value in line)
            {
                text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
