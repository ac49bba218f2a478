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


def word(slug: str, say: Say) -> str:
    """An area, a modality or the like in the user's language; without hyphens in English."""
    said = say(slug)
    return said.replace("-", " ") if said == slug else said


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
    # tabs, columns, filters
    "All kinds": "全部类别",
    "Frameworks & tools": "框架与工具",
    "Library": "我的收藏",
    "Baselines & runs": "基线与运行",
    "Baselines": "基线",
    "Sources": "数据来源",
    "Repos": "仓库",
    "Name": "名称",
    "Kind": "类别",
    "Year": "年份",
    "Licence": "许可",
    "What it is": "简介",
    "Reading": "阅读",
    "Tags": "标签",
    "Notes": "笔记",
    "Changed": "改动",
    "Task": "任务",
    "Category": "分类",
    "Yours": "我的",
    "Code and results": "代码与结果",
    "has code": "有代码",
    "has result": "有结果",
    "starred": "已加星",
    "with notes": "有笔记",
    "to-read": "待读",
    "reading": "在读",
    "Reading …": "正在读取 …",
    "read": "已读",
    "Filter": "筛选",
    "Filters": "筛选",
    "Filters with counts": "按条件筛选，附数目",
    "Set or unset": "选中或取消",
    "Clear filters": "清除筛选",
    "Take all filters away": "清除全部筛选条件",
    "clears all": "全部清除",
    "more …": "更多 …",
    "No filters for this list.": "此列表没有可用的筛选。",
    "Nothing passes these filters. x takes them away.": "没有条目符合这些筛选。按 x 清除筛选。",
    # keys on the main screen
    "Mark": "标记",
    "Mark it; keys then act on all that are marked": "标记；之后的按键对所有标记项生效",
    "Unmark all": "取消全部标记",
    "{n} marked": "已标记 {n} 条",
    "Sort by the next column": "按下一列排序",
    "Turn the order round": "反转顺序",
    "Sorted column narrower": "排序列变窄",
    "Sorted column wider": "排序列变宽",
    "The tab of this number": "切换到该编号的标签页",
    "Next tab": "下一个标签页",
    "Previous tab": "上一个标签页",
    "Previous pane": "上一栏",
    "Sheet": "详情",
    "Show or hide the sheet": "显示或隐藏详情",
    "Rows": "行",
    "One line for an entry, or two": "每条一行或两行",
    "Take back": "还原",
    "Earlier search": "之前的搜索",
    "Star": "加星",
    "Star it, or take the star away": "加星，或取消加星",
    "Tag": "标签",
    "Tags of your own": "自己的标签",
    "Note": "笔记",
    "Write a note": "写笔记",
    "To read, reading, read": "待读、在读、已读",
    "Copy": "复制",
    "Copy its key, address or BibTeX": "复制键、网址或 BibTeX",
    "Reproduce": "复现",
    "Run a baseline of it here": "在本机运行它的基线",
    "Refresh": "刷新",
    "Read everything on this screen anew": "重新读取本屏全部内容",
    "中文/English": "中文/English",
    "中文 / English": "中文 / English",
    "Every key": "全部按键",
    # help, welcome, palette
    "The main screen": "主屏幕",
    "The search": "搜索框",
    "The filters": "筛选栏",
    "This screen": "本屏幕",
    "This pane": "本栏",
    "What the cursor stands on": "光标所在的条目",
    "Welcome": "欢迎",
    "Papers, code, datasets, frameworks and published results, offline.": (
        "论文、代码、数据集、框架与已发表的结果，离线可用。"
    ),
    "Search as you type, in English or Chinese": "边输入边搜索，中英文皆可",
    "Kinds: papers, datasets, frameworks, tasks …": "类别：论文、数据集、框架、任务 …",
    "Open what the cursor stands on; q or Esc goes back": "打开光标所在条目；q 或 Esc 返回",
    "Filters with counts: year, category, has code …": "带数目的筛选：年份、分类、有代码 …",
    "Star it, tag it, write a note: your own library": "加星、打标签、写笔记：你自己的收藏",
    "Run a baseline here and set its number beside the claim": (
        "在本机运行基线，把测得的数与论文所称并列"
    ),
    "Every key; ^p finds every action and every entry": "全部按键；^p 可找到任何操作与条目",
    "Any key begins.": "按任意键开始。",
    "Go to: {tab}": "前往：{tab}",
    "Colours: {theme}": "配色：{theme}",
    "Less motion": "减少动画",
    "More motion": "恢复动画",
    "Nothing moves by itself": "界面不自行移动",
    "The screen as an SVG file": "把当前画面存为 SVG 文件",
    "Search for actions and entries …": "查找操作与条目 …",
    # what the main screen says
    "Translated as: {words}": "译作：{words}",
    "Nothing matches “{text}”. Esc clears the search, 0 looks in every kind.": (
        "没有与“{text}”相符的条目。按 Esc 清空搜索，按 0 在全部类别中查找。"
    ),
    "The index has not seen the last {n} writes: hub index update.": (
        "索引还没有收录最近 {n} 次写入：hub index update。"
    ),
    "Nothing of this kind is in the catalog yet. Tab 9 fetches from the sources.": (
        "目录中还没有这一类条目。第 9 个标签页可从来源获取。"
    ),
    "Your library is empty. On any entry s stars it, t tags it, n writes a note and S says how far "
    "you have read; all of it is kept here, in a file of your own.": (
        "你的收藏还是空的。在任何条目上按 s 加星、t 打标签、n 写笔记、S 记录阅读进度；"
        "全部保存在你自己的文件里。"
    ),
}
