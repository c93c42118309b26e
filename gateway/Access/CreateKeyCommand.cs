using Microsoft.EntityFrameworkCore;
using Platform.Gateway.Persistence;

namespace Platform.Gateway.Access;

/// <summary>
/// <c>create-key NAME ROLE [--replace]</c>: makes a key and prints it, and nothing else, to standard output. It is how the first administrator gets in; with
/// <c>--replace</c> a valid key of that name is revoked first. The exit code is 0 when a key was made.
/// </summary>
internal static class CreateKeyCommand
{
    public static async Task<int> RunAsync(IServiceProvider services, string[] arguments)
    {
        if (arguments is not ([_, _] or [_, _, "--replace"]))
        {
            await Console.Error.WriteLineAsync("usage: create-key NAME viewer|operator|admin [--replace]");
            return 2;
        }

        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GatewayDbContext>();
        var clock = scope.ServiceProvider.GetRequiredService<TimeProvider>();
        var input = new ApiKeyInput { Name = arguments[0], Role = arguments[1] };
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (arguments.Length == 3)
        {
            var now = clock.GetUtcNow();
            await db.ApiKeys.Where(key => key.Name == input.Name && key.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(key => key.RevokedAt, now));
        }

        var (_, text, refusal) = await KeyCreation.CreateAsync(db, input, [], "command line", clock, CancellationToken.None);
        if (refusal is not null)
        {
            await Console.Error.WriteLineAsync(string.Join(' ', [refusal.Detail, .. (refusal.Errors ?? []).Select(error => error.Problem)]));
            return 1;
        }

        await transaction.CommitAsync();
        await Console.Out.WriteLineAsync(text);
        return 0;
    }
}
