"""Every word that the browser shows of its own, in English and Chinese."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

Say = Callable[[str], str]
"""English in, the user's language out."""


def speaker(lang: str) -> Say:
    """The function that says an English string in the language; one without Chinese stays."""
    if lang.lower().startswith("zh"):
        return lambda english: chinese().get(english, english)
    return lambda english: english


@cache
def chinese() -> Mapping[str, str]:
    """Every English string with its Chinese: of the browser, the sheets, the runs."""
    from hub.tui import strings_detail, strings_runs

    return strings_detail.CHINESE | strings_runs.CHINESE | CHINESE


FIELDS: Final = {
    "full_name": "Full name",
    "authors": "Authors",
    "published": "Published",
    "venue": "Venue",
    "categories": "Categories",
    "aliases": "Also called",
    "area": "Area",
    "tasks": "Tasks",
    "methods": "Methods",
    "modalities": "Modalities",
    "languages": "Languages",
    "language": "Language",
    "examples": "Examples",
    "splits": "Splits",
    "classes": "Classes",
    "size_bytes": "Download",
    "data_licence": "Data licence",
    "code_licence": "Code licence",
    "licence_note": "Licence note",
    "obtain": "How to get it",
    "status": "Status",
    "maintainer": "Maintainer",
    "pypi": "PyPI",
    "repository": "Repository",
    "docs": "Manual",
    "homepage": "Home page",
    "url": "Address",
    "paper": "Paper",
    "doi": "DOI",
    "topics": "Topics",
    "comment": "Comment",
}
"""The fields of an entry that are shown as label and value, in this order."""

CHINESE: Final = {
    # tabs and kinds
    "All": "全部",
    "Papers": "论文",
    "Datasets": "数据集",
    "Frameworks": "框架",
    "Tools": "工具",
    "Tasks": "任务",
    "Methods": "方法",
    "Repositories": "代码仓库",
    "paper": "论文",
    "dataset": "数据集",
    "framework": "框架",
    "tool": "工具",
    "task": "任务",
    "topic": "主题",
    "method": "方法",
    "repository": "代码仓库",
    # keys
    "Search": "搜索",
    "Open": "打开",
    "Web": "网页",
    "Copy key": "复制键",
    "Kind": "类别",
    "Help": "帮助",
    "Quit": "退出",
    "Back": "返回",
    "Back, or clear the search": "返回，或清空搜索",
    "To the list": "回到列表",
    "Show one kind, or all": "只看一类，或全部",
    "Next pane": "下一栏",
    "Next kind": "下一类",
    "Previous kind": "上一类",
    "Down": "向下",
    "Up": "向上",
    "Page down": "下一页",
    "Page up": "上一页",
    "First": "第一条",
    "Last": "最后一条",
    "Top": "开头",
    "Bottom": "末尾",
    "palette": "命令",
    "Everywhere": "通用",
    "The list": "列表",
    "The preview": "预览",
    "Keys of the browser": "按键一览",
    "Open its page in the web browser": "在浏览器中打开网页",
    "Copy its key to the clipboard": "把它的键复制到剪贴板",
    # the palette's own commands
    "Theme": "主题配色",
    "Change the current theme": "更换配色",
    "Quit the application as soon as possible": "立即退出",
    "Keys": "按键",
    "Show help for the focused widget and a summary of available keys": (
        "显示当前栏的帮助与可用按键"
    ),
    "Hide the keys and widget help panel": "隐藏按键与帮助栏",
    "Maximize": "最大化",
    "Maximize the focused widget": "最大化当前栏",
    "Minimize": "还原",
    "Minimize the widget and restore to normal size": "恢复原来大小",
    "Screenshot": "截图",
    "Save an SVG 'screenshot' of the current screen": "把当前画面存为 SVG",
    # the list
    "Search papers, datasets, frameworks, methods …": "搜索论文、数据集、框架、方法 …",
    "{at} of {found}": "第 {at} 条，共 {found} 条",
    "{at} of {found}, best {listed} listed": "第 {at} 条，共 {found} 条，列出最佳 {listed} 条",
    "Nothing matches “{text}”. Esc clears the search, 1 looks in every kind.": (
        "没有与“{text}”相符的条目。按 Esc 清空搜索，按 1 在全部类别中查找。"
    ),
    "No whole word matches; names that begin with “{text}”:": (
        "没有完整匹配的词；以“{text}”开头的名称："
    ),
    "Nothing of this kind is in the catalog yet.": "目录中还没有这一类条目。",
    "results {n}": "结果 {n}",
    "code {n}": "代码 {n}",
    "papers {n}": "论文 {n}",
    "et al.": "等",
    # the preview
    "Code": "代码",
    "official": "官方",
    "Results": "结果",
    "Abstract": "摘要",
    "Description": "描述",
    "Leaderboard": "排行榜",
    "Further leaderboards": "其他排行榜",
    "Subtasks": "子任务",
    "Stars": "星标",
    "Said by": "来源",
    "ranked by {metric}, higher is better": "按 {metric} 排名，越高越好",
    "ranked by {metric}, lower is better": "按 {metric} 排名，越低越好",
    "not ranked: {why}": "不排名：{why}",
    "{n} rows": "共 {n} 行",
    "{n} more": "另有 {n} 项",
    "Enter shows all": "按 Enter 查看全部",
    "licence unknown": "许可未知",
    "Copied {key}": "已复制 {key}",
    "Opened {url}": "已打开 {url}",
    "No browser here; the address is {url}": "此处没有浏览器；网址是 {url}",
    "No address is known for {key}": "{key} 没有已知的网址",
    # fields
    "Full name": "全称",
    "Authors": "作者",
    "Published": "发表日期",
    "Venue": "发表于",
    "Categories": "分类",
    "Also called": "别名",
    "Area": "领域",
    "Modalities": "模态",
    "Languages": "语言",
    "Language": "语言",
    "Examples": "样本数",
    "Splits": "划分",
    "Classes": "类别数",
    "Download": "下载大小",
    "Data licence": "数据许可",
    "Code licence": "代码许可",
    "Licence note": "许可说明",
    "How to get it": "获取方式",
    "Status": "状态",
    "Maintainer": "维护者",
    "PyPI": "PyPI",
    "Repository": "代码仓库",
    "Manual": "文档",
    "Home page": "主页",
    "Address": "网址",
    "Paper": "论文",
    "DOI": "DOI",
    "Topics": "主题",
    "Comment": "备注",
}
