namespace Platform.ServiceDefaults.Outgoing;

/// <summary>A host that a user gave leads to an address that may not be connected to; the message names both and the remedy. HTTP clients wrap it: see <see cref="In"/>.</summary>
public sealed class AddressRefusedException(string message) : Exception(message)
{
    /// <summary>The refusal in a chain of causes, or null.</summary>
    public static AddressRefusedException? In(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is AddressRefusedException refused)
            {
                return refused;
            }
        }

        return null;
    }
}
