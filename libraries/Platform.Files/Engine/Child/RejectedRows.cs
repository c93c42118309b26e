using System.Text.Json;

namespace Platform.Files.Engine.Child;

/// <summary>Sends rejected values in groups, as many as are wanted.</summary>
internal sealed class RejectedRows(FrameWriter? frames, int wanted)
{
    private const int GroupSize = 500;

    private readonly List<RejectedRow> _group = [];
    private int _left = wanted;

    public void Add(long fileId, long rowNo, string field, string? value, string reason)
    {
        if (_left <= 0)
        {
            return;
        }

        _left--;
        _group.Add(new RejectedRow(fileId, rowNo, field, Show(value), reason));
        if (_group.Count == GroupSize)
        {
            Flush();
        }
    }

    public void Flush()
    {
        if (_group.Count > 0)
        {
            frames?.Write(FrameType.Rejected, JsonSerializer.SerializeToUtf8Bytes(_group, EngineJson.Default.ListRejectedRow));
            _group.Clear();
        }
    }

    /// <summary>Short enough to keep, and storable where NUL is not.</summary>
    private static string? Show(string? value)
    {
        if (value is null)
        {
            return null;
        }

        var length = Math.Min(value.Length, CopyPlan.RejectedValueLength);
        if (length < value.Length && char.IsHighSurrogate(value[length - 1]))
        {
            length--;
        }

        return value[..length].Replace('\0', '\u2400');
    }
}
