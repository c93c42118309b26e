using System.Globalization;
using System.Runtime.InteropServices;

namespace Platform.Files.Engine.Child;

/// <summary>What a child asks of Linux.</summary>
internal static unsafe partial class Kernel
{
    private const int PrSetPdeathsig = 1;
    private const int SigKill = 9;
    private const int RlimitData = 2;
    private const int RlimitCore = 4;
    private const int SetPipeSize = 1031;
    private const int Interrupted = 4;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Ends with the parent, within its memory, without core dumps, and deaf to a terminal's Ctrl-C: the parent decides when it ends.</summary>
    public static void Confine()
    {
        Check(SetOption(PrSetPdeathsig, SigKill, 0, 0, 0), "prctl");
        if (Environment.GetEnvironmentVariable(EngineHost.ParentVariable) is not { } parent
            || ParentId() != int.Parse(parent, CultureInfo.InvariantCulture))
        {
            Exit(1);
        }

        var data = ulong.Parse(Environment.GetEnvironmentVariable(EngineHost.DataLimitVariable)!, CultureInfo.InvariantCulture);
        Check(SetLimit(RlimitData, [data, data]), "setrlimit");
        Check(SetLimit(RlimitCore, [0, 0]), "setrlimit");
        Check(SetGroup(0, 0), "setpgid");
    }

    /// <summary>Takes standard output for frames; whatever else is printed in this process goes to standard error from now on.</summary>
    public static int TakeStandardOutput(int pipeBytes)
    {
        var output = Check(Duplicate(StandardOutput), "dup");
        Check(DuplicateTo(StandardError, StandardOutput), "dup2");

        // A larger pipe means fewer switches between the processes; an unprivileged user's total may be used up, and then the default does.
        _ = Control(output, SetPipeSize, pipeBytes);
        return output;
    }

    public static void Write(int file, byte* bytes, nint count)
    {
        while (count > 0)
        {
            var written = WriteSome(file, bytes, count);
            if (written < 0)
            {
                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    Check(-1, "write");
                }

                continue;
            }

            bytes += written;
            count -= written;
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int code);

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int SetOption(int option, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ReadOnlySpan<ulong> limit);

    [LibraryImport("libc", EntryPoint = "setpgid", SetLastError = true)]
    private static partial int SetGroup(int process, int group);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Duplicate(int file);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int DuplicateTo(int from, int to);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int file, int command, nint value);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteSome(int file, byte* bytes, nint count);
}
