using Platform.Files.Engine;

namespace Platform.Files.Formats.Avro;

/// <summary>The file is no Avro file that can be read.</summary>
internal sealed class AvroException(string message, bool hasPlace = false) : TableException(message)
{
    /// <summary>Whether the message names the block.</summary>
    public bool HasPlace { get; } = hasPlace;
}
