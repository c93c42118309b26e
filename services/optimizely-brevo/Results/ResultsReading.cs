using System.Text.Json;

namespace Platform.OptimizelyBrevo.Results;

/// <summary>One variation's result for one metric.</summary>
/// <param name="VariationId">Optimizely's number; null in the seed's shape.</param>
/// <param name="Name">Its name, where Optimizely tells one.</param>
/// <param name="IsBaseline">The others are compared with it.</param>
/// <param name="Samples">Visitors or sessions.</param>
/// <param name="Value">The metric's total.</param>
/// <param name="Rate">Value for each sample.</param>
/// <param name="Lift">Estimated improvement over the baseline; 0.1 is 10 %.</param>
/// <param name="Significance">0 to 1: how likely the difference is no chance.</param>
/// <param name="IsSignificant">By the experiment's own threshold.</param>
/// <param name="IsImprovement">Better than the baseline, in the metric's winning direction.</param>
internal sealed record VariationResult(
    string? VariationId, string? Name, bool IsBaseline, double? Samples, double? Value, double? Rate, double? Lift, double? Significance, bool? IsSignificant, bool IsImprovement);

/// <param name="Name">The metric's event.</param>
/// <param name="Aggregator">unique, count, sum …</param>
/// <param name="WinningDirection">increasing or decreasing.</param>
/// <param name="Variations">Every variation's result.</param>
/// <param name="WinnerId">Optimizely's own conclusion, where it drew one.</param>
internal sealed record MetricResult(string? Name, string? Aggregator, string? WinningDirection, IReadOnlyList<VariationResult> Variations, string? WinnerId);

/// <summary>
/// Reads both shapes of results: REST v2's (<c>metrics[].results{variation}.lift</c>) and the seed's (<c>metrics[]</c> of <c>variation_name, is_improvement, statistical_significance</c>).
/// Whatever is missing stays null: a just started experiment has only a baseline, without rate or lift.
/// </summary>
internal static class ResultsReading
{
    public static IReadOnlyList<MetricResult> Metrics(JsonElement results)
    {
        if (Member(results, "metrics") is not { ValueKind: JsonValueKind.Array } metrics)
        {
            return [];
        }

        var read = new List<MetricResult>();
        var seedShape = new List<VariationResult>();
        foreach (var metric in metrics.EnumerateArray())
        {
            if (Member(metric, "results") is { ValueKind: JsonValueKind.Object } variations)
            {
                var direction = Text(metric, "winning_direction");
                read.Add(new(
                    Text(metric, "name"), Text(metric, "aggregator"), direction, [.. variations.EnumerateObject().Select(variation => OfV2(variation, direction))],
                    Member(metric, "conclusion") is { } conclusion ? Text(conclusion, "winner") : null));
            }
            else if (Text(metric, "variation_name") is { } name)
            {
                seedShape.Add(new(
                    Text(metric, "variation_id"), name, Boolean(metric, "is_baseline") == true, Number(metric, "samples"), Number(metric, "value"), Number(metric, "rate"), Number(metric, "lift"),
                    Number(metric, "statistical_significance"), null, Boolean(metric, "is_improvement") == true));
            }
        }

        if (seedShape.Count > 0)
        {
            read.Add(new(null, null, null, seedShape, null));
        }

        return read;
    }

    /// <summary>The winner of the first metric that has one: an improvement of at least this significance; among several the most significant, then the greatest lift.</summary>
    public static VariationResult? Winner(IReadOnlyList<MetricResult> metrics, double significance)
    {
        foreach (var metric in metrics)
        {
            var concluded = metric.WinnerId is { } id ? metric.Variations.FirstOrDefault(variation => variation.VariationId == id) : null;
            var best = concluded ?? metric.Variations
                .Where(variation => !variation.IsBaseline && variation.IsImprovement && variation.Significance >= significance)
                .OrderByDescending(variation => variation.Significance).ThenByDescending(variation => Math.Abs(variation.Lift ?? 0)).FirstOrDefault();
            if (best is not null)
            {
                return best;
            }
        }

        return null;
    }

    private static VariationResult OfV2(JsonProperty variation, string? direction)
    {
        var value = variation.Value;
        var lift = Member(value, "lift");
        var change = lift is { } point ? Number(point, "value") : null;
        // lift_status already takes the winning direction into account; without it the sign has to say.
        var improvement = (lift is { } with ? Text(with, "lift_status") : null) switch
        {
            "better" => true,
            "equal" or "worse" => false,
            _ => direction == "decreasing" ? change < 0 : change > 0,
        };
        return new(
            variation.Name, Text(value, "name"), Boolean(value, "is_baseline") == true, Number(value, "samples"), Number(value, "value"), Number(value, "rate"), change,
            lift is { } significant ? Number(significant, "significance") : null, lift is { } stated ? Boolean(stated, "is_significant") : null, improvement);
    }

    private static JsonElement? Member(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement element, string name) => Member(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private static double? Number(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    private static bool? Boolean(JsonElement element, string name) => Member(element, name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };
}
