using System.Globalization;
using System.Text.Json;
using Platform.Contracts.Scheduler;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.Couriers.Sources;
using Platform.Files.Engine;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Imports;

/// <summary>Reads an import job and reports every problem at once (R13).</summary>
internal sealed class ImportJobReader(AddressGuard guard)
{
    private const int MaxName = 200;
    private const int MaxDescription = 1000;
    private const int MaxKeyLength = 1024;
    private const int MaxFields = 1500;
    private const string StandardSource = "Amazon S3";

    /// <summary>The job, or null when <paramref name="findings"/> has problems.</summary>
    public ImportPlan? Read(ImportJobInput input, Findings findings)
    {
        Required(input.Name, "$.name", "a label, for example \"Audience\"", MaxName, findings);
        Required(input.CredentialId, "$.credentialId", "the id of a credential, for example \"cred-k3f9ax2m\"", MaxName, findings);
        Required(input.Stream, "$.stream", "a feed: its id, or a domain table like \"Amazon S3:Audience\", which is made when there is none", MaxName, findings);
        if (input.Description?.Length > MaxDescription)
        {
            findings.Problem("$.description", $"has {input.Description.Length} characters; at most {MaxDescription} are possible.");
        }

        CheckPlace(input, findings);
        var (folder, file) = ReadPath(input, findings);
        var format = ReadFormat(input, file, findings);
        CheckDelimiter(input, format, findings);
        var (frequency, timeOfDay) = ReadSchedule(input, findings);
        var fields = ReadColumns(input.Fields, "$.fields", findings);
        var key = ReadColumns(input.Key, "$.key", findings);
        if (input.TimestampColumn is { } timestamp && string.IsNullOrWhiteSpace(timestamp))
        {
            findings.Problem("$.timestampColumn", "is empty; name a column, or leave it out for the time of the import.");
        }

        var files = format is null ? null : ReadFiles(input, format.Value, folder, file, findings);
        return files is null || findings.Problems.Count > 0 ? null : files with { Frequency = frequency, TimeOfDay = timeOfDay, Fields = fields, Key = key, Stream = ReadStream(input.Stream!.Trim()) };
    }

    private static void Required(string? value, string path, string expected, int most, Findings findings)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            findings.Problem(path, $"is missing; expected {expected}.");
        }
        else if (value.Trim().Length > most)
        {
            findings.Problem(path, $"has more than {most} characters.");
        }
    }

    private void CheckPlace(ImportJobInput input, Findings findings)
    {
        var given = new Dictionary<string, string?> { ["bucket"] = input.Bucket, ["endpoint"] = input.Endpoint }.Where(member => member.Value is not null);
        var settings = JsonSerializer.SerializeToElement(given.ToDictionary());
        S3Settings.CheckBucket(settings, "$", findings);
        S3Settings.CheckEndpoint(settings, "$", guard, findings);
    }

    private static (string Folder, string? File) ReadPath(ImportJobInput input, Findings findings)
    {
        var folder = input.Directory ?? "";
        var file = input.File;
        CheckKey(folder, "$.directory", findings);
        if (file is null)
        {
            if (input.Prefix is null && folder.Length == 0)
            {
                findings.Problem("$.file", "is missing; expected the name of a file, or else a prefix or a directory.");
            }

            return (S3Settings.Folder(folder), null);
        }

        CheckKey(file, "$.file", findings);
        if (file.Length == 0 || file.EndsWith('/') || file.Contains('*'))
        {
            findings.Problem("$.file", file.Length == 0 ? "is empty; expected the name of a file." : file.EndsWith('/') ? $"is '{file}', a directory; expected the name of a file." : "has a '*', which stands for other characters; expected the name of one file. Give a prefix for several.");
        }

        var name = file.LastIndexOf('/') + 1;
        if (name > 0 && folder.Length > 0)
        {
            findings.Problem("$.file", $"has a '/' although a directory is given; expected the name in '{folder}'.");
        }

        return (name > 0 ? file[..name] : S3Settings.Folder(folder), file[name..]);
    }

    private static void CheckKey(string key, string path, Findings findings)
    {
        if (key.StartsWith('/') || key.Length > MaxKeyLength || key.Any(char.IsControl))
        {
            findings.Problem(path, key.StartsWith('/') ? "starts with '/'; keys in a bucket do not." : key.Length > MaxKeyLength ? $"is longer than {MaxKeyLength} characters." : "has a control character.");
        }
    }

    private static ImportFormat? ReadFormat(ImportJobInput input, string? file, Findings findings)
    {
        if (input.Format is { } given)
        {
            if (Word<ImportFormat>(given) is { } format)
            {
                return format;
            }

            findings.Problem("$.format", $"is '{given}'; expected csv or json.");
            return null;
        }

        if (ImportFiles.FormatOf(file) is not { } told)
        {
            findings.Problem("$.format", file is null ? "is missing; expected csv or json." : $"is missing and cannot be told from the name '{file}'; expected csv or json.");
            return null;
        }

        return told;
    }

    private static void CheckDelimiter(ImportJobInput input, ImportFormat? format, Findings findings)
    {
        if (input.Delimiter is null)
        {
            return;
        }

        if (format == ImportFormat.Json)
        {
            findings.Problem("$.delimiter", "does not go with JSON, whose fields have names; leave it out.");
        }
        else
        {
            foreach (var problem in new CsvSettings { Separator = input.Delimiter }.Problems())
            {
                findings.Problem("$.delimiter", problem.Problem);
            }
        }
    }

    private static (ScheduleFrequency? Frequency, TimeOnly? TimeOfDay) ReadSchedule(ImportJobInput input, Findings findings)
    {
        if (input.KeepUpdated != true)
        {
            foreach (var (path, given) in new[] { ("$.frequency", input.Frequency is not null), ("$.timeOfDay", input.TimeOfDay is not null), ("$.timeZone", input.TimeZone is not null), ("$.diff", input.Diff == true) })
            {
                if (given)
                {
                    findings.Problem(path, "goes with keepUpdated true only; the job as it stands runs once.");
                }
            }

            return (null, null);
        }

        var frequency = input.Frequency is null ? ScheduleFrequency.Daily : Word<ScheduleFrequency>(input.Frequency);
        if (frequency is null)
        {
            findings.Problem("$.frequency", $"is '{input.Frequency}'; expected hourly, daily, weekly or monthly.");
        }

        TimeOnly? timeOfDay = null;
        if (input.TimeOfDay is { } text)
        {
            if (!TimeOnly.TryParseExact(text, ["HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
            {
                findings.Problem("$.timeOfDay", $"is '{text}'; expected a time from 00:00 to 23:59, for example 07:30.");
            }
            else if (frequency == ScheduleFrequency.Hourly)
            {
                findings.Problem("$.timeOfDay", "goes with the frequencies daily, weekly and monthly only; hourly runs follow each other.");
            }
            else
            {
                timeOfDay = time;
            }
        }

        if (input.TimeZone is { } zone)
        {
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) || !found.HasIanaId)
            {
                findings.Problem("$.timeZone", $"'{zone}' is no time zone of the IANA database; expected a name like Europe/Berlin.");
            }
            else if (input.TimeOfDay is null)
            {
                findings.Problem("$.timeZone", "is the zone of a time of day, and there is none; give timeOfDay too, or leave it out.");
            }
        }

        return (frequency, timeOfDay);
    }

    private static List<string> ReadColumns(IReadOnlyList<string?>? names, string path, Findings findings)
    {
        var read = new List<string>();
        if (names?.Count > MaxFields)
        {
            findings.Problem(path, $"has {names.Count} names; at most {MaxFields} are possible.");
            return read;
        }

        for (var i = 0; i < (names?.Count ?? 0); i++)
        {
            if (string.IsNullOrEmpty(names![i]))
            {
                findings.Problem($"{path}[{i}]", "is empty; expected the name of a column.");
            }
            else if (read.Contains(names[i], StringComparer.OrdinalIgnoreCase))
            {
                findings.Problem($"{path}[{i}]", $"'{names[i]}' stands twice.");
            }
            else
            {
                read.Add(names[i]!);
            }
        }

        return read;
    }

    private static ImportPlan? ReadFiles(ImportJobInput input, ImportFormat format, string folder, string? file, Findings findings)
    {
        var continuous = input.KeepUpdated == true;
        var derived = file is null ? null : SequenceName.Derive(file);
        var prefix = input.Prefix ?? (continuous ? derived?.Prefix ?? (file is null && format == ImportFormat.Json ? ".*" : null) : null);
        if (prefix is null)
        {
            if (continuous && format == ImportFormat.Json)
            {
                findings.Problem("$.file", $"is '{file}', without a timestamp; JSON files that are kept updated are named prefix_timestamp.json, for example events_20240131.json, so that their order is known.");
                return null;
            }

            // What makes a name impossible has been said already.
            var named = FilePattern.TryParse(file is null ? $"{Quoted(folder)}*{Quoted(ImportFiles.Ending(format))}" : Quoted(folder + file), out _);
            return named is null ? null : Plan(input, format, folder, file, named);
        }

        if (prefix.Contains('/'))
        {
            findings.Problem("$.prefix", "has a '/'; expected the beginning of a file's name. Give the folder as directory.");
            return null;
        }

        var ending = derived?.Ending is { Length: > 0 } own ? own : ImportFiles.Ending(format);
        var pattern = FilePattern.TryParseSequence(folder + prefix, ending, out var problem);
        if (pattern is null)
        {
            findings.Problem("$.prefix", problem!);
            return null;
        }

        var begins = file is null ? null : pattern.ForAll().TimeOf(folder + file);
        if (file is not null && begins is null)
        {
            findings.Problem("$.prefix", $"is '{prefix}' and does not match the name of the file '{file}' up to its timestamp{(derived is null ? ", for it has none" : $"; '{derived.Value.Prefix}' would")}.");
            return null;
        }

        return Plan(input, format, folder, file, pattern) with { SequencePrefix = folder + prefix, Ending = ending, FilesFrom = begins };
    }

    private static ImportPlan Plan(ImportJobInput input, ImportFormat format, string folder, string? file, FilePattern pattern) => new()
    {
        Input = input,
        Format = format,
        Folder = folder,
        File = file is null ? null : folder + file,
        Pattern = pattern,
        Fields = [],
        Key = [],
        Stream = default,
    };

    private static (string? Id, string Source, string Name) ReadStream(string stream)
    {
        var colon = stream.IndexOf(':');
        if (colon >= 0)
        {
            return (null, stream[..colon].Trim(), stream[(colon + 1)..].Trim());
        }

        return stream.StartsWith("df-", StringComparison.Ordinal) ? (stream, "", "") : (null, StandardSource, stream);
    }

    private static string Quoted(string text) => text.Length == 0 ? "" : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static T? Word<T>(string text)
        where T : struct, Enum => Enum.GetValues<T>().Where(value => string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase)).Select(value => (T?)value).FirstOrDefault();
}
