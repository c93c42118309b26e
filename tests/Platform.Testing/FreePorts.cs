using System.Net;
using System.Net.Sockets;

namespace Platform.Testing;

/// <summary>Loopback ports nobody listens on.</summary>
public static class FreePorts
{
    /// <summary>As many different ports as asked for: all are held open together before the first is released.</summary>
    public static int[] Take(int count)
    {
        var listeners = new List<TcpListener>(count);
        try
        {
            for (var i = 0; i < count; i++)
            {
                var listener = new TcpListener(IPAddress.Loopback, 0);
                listeners.Add(listener);
                listener.Start();
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }
    }
}
