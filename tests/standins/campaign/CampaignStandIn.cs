using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.CampaignStandIns;

/// <summary>
/// Optimizely Campaign's side of the closed loop, on the directory of a real SFTP account: a job that looks for recipient files, holds them strictly against the agreement, makes and sends a mailing of each,
/// tells its progress in log and error files, and exports the responses.
/// </summary>
public sealed partial class CampaignStandIn : IAsyncDisposable
{
    private readonly Agreement _agreement;
    private readonly TimeProvider _clock;
    private readonly ResponseFiles _responses;
    private readonly Lock _gate = new();
    private readonly List<Mailing> _mailings = [];
    private readonly HashSet<string> _writtenTo = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;
    private long _lastId;

    /// <summary>Makes the account's directories; nothing happens before <see cref="Start"/> or <see cref="Look"/>.</summary>
    public CampaignStandIn(Agreement agreement, TimeProvider clock)
    {
        _agreement = agreement;
        _clock = clock;
        _responses = new(agreement);

        // Later than every id of an earlier stand-in on the same tables.
        _lastId = clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var client in agreement.Clients.Keys)
        {
            foreach (var kind in new[] { "in", "log", "err", "taken" })
            {
                Directory.CreateDirectory(FolderOf(kind, client));
            }
        }

        Directory.CreateDirectory(FolderOf("out", ""));
    }

    /// <summary>Every mailing so far, in the order of import.</summary>
    public IReadOnlyList<Mailing> Mailings
    {
        get
        {
            lock (_gate)
            {
                return [.. _mailings];
            }
        }
    }

    /// <summary>Looks every so often from now on, and writes the responses of a day as soon as one of its mailings was sent.</summary>
    public void Start() => _looking = LookAsync();

    /// <summary>One turn of the job: mailings go one step further, then new files are imported. Returns the mailings that were sent in this turn.</summary>
    public IReadOnlyList<Mailing> Look()
    {
        lock (_gate)
        {
            var sent = new List<Mailing>();
            foreach (var mailing in _mailings)
            {
                Advance(mailing, sent);
            }

            foreach (var (directory, client) in _agreement.Clients)
            {
                foreach (var path in Directory.EnumerateFiles(FolderOf("in", directory)).Where(IsRecipientFile).Order(StringComparer.Ordinal))
                {
                    if (_agreement.ContinuesAfterErrors || !IsHalted)
                    {
                        Import(path, directory, client);
                    }
                }
            }

            return sent;
        }
    }

    /// <summary>Writes the eight files of a day of the account's zone, from what is known now, over those that are there; returns their paths.</summary>
    public IReadOnlyList<string> WriteResponses(DateOnly day)
    {
        lock (_gate)
        {
            return _responses.Write(day, [.. _mailings.Where(mailing => mailing.State == MailingState.Sent && _responses.DayOf(mailing.Started) == day)]);
        }
    }

    /// <summary>The day whose response files tell of a mailing.</summary>
    public DateOnly DayOf(Mailing mailing) => _responses.DayOf(mailing.Started);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
    }

    private bool IsHalted => _agreement.Clients.Keys.Any(client => Directory.EnumerateFiles(FolderOf("err", client), "*.err").Any());

    private static bool IsRecipientFile(string path) =>
        RecipientFileName().Match(Path.GetFileName(path)) is { Success: true } name
        && DateTime.TryParseExact(name.Groups["stamp"].ValueSpan, "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(_agreement.Every, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var day in Look().Select(DayOf).Distinct())
                {
                    WriteResponses(day);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private void Import(string path, string directory, long client)
    {
        var name = Path.GetFileName(path);
        var taken = Path.Combine(FolderOf("taken", directory), name);
        File.Move(path, taken);
        foreach (var companion in new[] { "products", "recommendations" }.Select(kind => name.Replace("subscribers", kind, StringComparison.Ordinal)).Where(file => File.Exists(Path.Combine(FolderOf("in", directory), file))))
        {
            File.Move(Path.Combine(FolderOf("in", directory), companion), Path.Combine(FolderOf("taken", directory), companion));
        }

        var file = RecipientFile.Read(ReadAll(taken), _agreement);
        Log(directory, name, null, "");
        if (file.Problems.Count > 0)
        {
            Log(directory, name, "import-failed", $"{file.Problems.Count} problems");
            Fail(directory, name, "IMPORT", file.Problems);
            return;
        }

        var first = file.Rows[0];
        _mailings.Add(new()
        {
            Id = NextId(),
            File = name,
            Directory = directory,
            Client = client,
            SourceMailing = long.Parse(first[_agreement.SourceMailing]!, CultureInfo.InvariantCulture),
            Wave = _agreement.Wave >= 0 && first[_agreement.Wave] is { } wave ? long.Parse(wave, CultureInfo.InvariantCulture) : null,
            Recipients = [.. file.Rows.Select(row => RecipientOf(row[_agreement.Email]!))],
        });
        Log(directory, name, "imported", $"{file.Rows.Count} recipients");
    }

    private MailingRecipient RecipientOf(string email)
    {
        var reaction = Reaction.Of(email);
        return new(NextId(), email, _writtenTo.Add(email) ? reaction : reaction.Again(), NextId(2));
    }

    private void Advance(Mailing mailing, List<Mailing> sent)
    {
        switch (mailing.State)
        {
            case MailingState.Imported when _agreement.ActivatedSourceMailings.Contains(mailing.SourceMailing):
                mailing.State = MailingState.Failed;
                Log(mailing.Directory, mailing.File, "start-failed", "the source mailing is activated");
                Fail(mailing.Directory, mailing.File, "START", ["The source mailing is activated; it must be New or Activation required."]);
                break;
            case MailingState.Imported:
                mailing.State = MailingState.Sending;
                mailing.Started = _clock.GetUtcNow();
                Log(mailing.Directory, mailing.File, "sending", "", mailing.Id);
                break;
            case MailingState.Sending:
                mailing.State = MailingState.Sent;
                mailing.Finished = _clock.GetUtcNow();
                Log(mailing.Directory, mailing.File, "sent", $"{mailing.Recipients.Count(one => one.Reaction.SendingStatus == "sent")} mails", mailing.Id);
                sent.Add(mailing);
                break;
        }
    }

    /// <summary>Appends a row to the file's log; without a state, begins it.</summary>
    private void Log(string directory, string file, string? state, string message, long? mailing = null)
    {
        var time = _clock.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        File.AppendAllText(Path.Combine(FolderOf("log", directory), Path.ChangeExtension(file, ".log")), state is null ? "time;state;mailingId;message\n" : $"{time};{state};{mailing};{message}\n");
    }

    private void Fail(string directory, string file, string code, IEnumerable<string> problems) =>
        File.WriteAllText(Path.Combine(FolderOf("err", directory), Path.ChangeExtension(file, ".err")), $"code;message\n{string.Concat(problems.Select(problem => $"{code};\"{problem}\"\n"))}");

    private long NextId(int count = 1)
    {
        _lastId += count;
        return _lastId - count + 1;
    }

    private string FolderOf(string kind, string client) => Path.Combine(_agreement.Folder, kind, client);

    private static byte[] ReadAll(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    [GeneratedRegex(@"^(?<stamp>\d{14})_subscribers\.csv$")]
    private static partial Regex RecipientFileName();
}
