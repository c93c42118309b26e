using Microsoft.Extensions.Options;
using Platform.Credentials.Kinds;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults.Outgoing;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

/// <summary>Checks the fields of a kind as the API does: normalized first.</summary>
internal static class KindsUnderTest
{
    public static HostRules Hosts(bool allowPrivateHosts = false)
    {
        var options = new OutgoingOptions { AllowPrivateHosts = allowPrivateHosts };
        return new(new AddressGuard(options), Options.Create(options));
    }

    /// <summary>The paths of what is wrong, without the fields' prefix.</summary>
    public static IEnumerable<string> Problems(CredentialKind kind, Dictionary<string, string?> fields)
    {
        var problems = kind.Validate(CredentialFields.FromInput(kind, fields));
        foreach (var secret in kind.Fields.Where(field => field.Secret && fields.GetValueOrDefault(field.Name) is { Length: > 8 }))
        {
            Assert.DoesNotContain(problems, problem => problem.Problem.Contains(fields[secret.Name]!, StringComparison.Ordinal));
        }

        return problems.Select(problem => problem.Path["$.fields.".Length..]);
    }

    /// <summary>A copy with changed fields; an empty value removes one.</summary>
    public static Dictionary<string, string?> With(this Dictionary<string, string?> fields, string field, string? value) => new(fields) { [field] = value };

    /// <summary>One of the test keys; they open nothing.</summary>
    public static string Key(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Kinds", "Keys", name));
}
