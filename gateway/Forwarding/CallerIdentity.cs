using System.Security.Claims;
using Platform.Gateway.Access;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Platform.Gateway.Forwarding;

/// <summary>A forwarded call carries a token that the gateway signs for this one service, and nothing of what the caller identified himself with.</summary>
internal sealed class CallerIdentity(InternalTokens tokens) : ITransformProvider
{
    public void Apply(TransformBuilderContext context)
    {
        // A route's cluster is named like its service (RouteRules), which is the token's audience.
        var audience = context.Route.ClusterId!;
        var anyone = context.Route.AuthorizationPolicy == Roles.Anonymous;
        context.AddRequestTransform(call =>
        {
            var headers = call.ProxyRequest.Headers;
            headers.Remove("Authorization");
            headers.Remove("Cookie");
            headers.Remove(ApiKeyAuthentication.HeaderName);
            headers.Remove(InternalAuthentication.HeaderName);
            var caller = call.HttpContext.User;
            headers.Add(InternalAuthentication.HeaderName, anyone
                ? tokens.Issue(audience, Roles.Anonymous, Roles.Anonymous)
                : tokens.Issue(audience, caller.Identity!.Name!, caller.FindFirstValue(ClaimTypes.Role)!));
            // Here it says GET, which is routed and checked like it.
            call.ProxyRequest.Method = call.HttpContext.IsHead() ? HttpMethod.Head : call.ProxyRequest.Method;
            return ValueTask.CompletedTask;
        });
    }

    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }
}
