using System.Runtime.CompilerServices;
using Xunit;

namespace Platform.Scheduler.Tests.Kit;

/// <summary><see cref="Platform.Testing.Until"/>, given up when the test run is.</summary>
internal static class Wait
{
    public static Task Until(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Testing.Until.True(condition, null, TestContext.Current.CancellationToken, what);

    public static Task Until(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Testing.Until.True(condition, null, TestContext.Current.CancellationToken, what);

    public static Task<T> For<T>(Func<Task<T>> read, Func<T, bool> accepted, [CallerArgumentExpression(nameof(accepted))] string what = "") =>
        Testing.Until.Is(read, accepted, null, TestContext.Current.CancellationToken, what);
}
