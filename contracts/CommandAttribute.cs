namespace Platform.Contracts;

/// <summary>Marks a command: exactly one service must take it. While no queue does, its sender keeps it, where an event without subscribers is simply gone.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class CommandAttribute : Attribute;
