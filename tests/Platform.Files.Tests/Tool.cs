using System.Diagnostics;
using Xunit;

namespace Platform.Files.Tests;

/// <summary>Real programs that make the files other people send.</summary>
internal static class Tool
{
    /// <summary>What a program writes to its standard output; it must end well.</summary>
    public static byte[] Run(string program, string[] arguments, byte[]? input = null, string? folder = null)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "/" };
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync();
        var writing = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(input ?? []);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        writing.GetAwaiter().GetResult();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
        return output.ToArray();
    }

    public static byte[] Read(string path)
    {
        using var stream = new MemoryStream();
        using var file = File.OpenRead(path);
        file.CopyTo(stream);
        return stream.ToArray();
    }
}
