"""Makes small files of every format with a planted text in any of its places.

Written by hand from the formats' specifications, so that the readers are not
tested against the libraries that they use themselves.
"""

from __future__ import annotations

# ruff: noqa: E501 - markup of other people's formats reads best on one line
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

CLEAN = "Working draft, please send remarks by Friday."
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PR = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(members: Mapping[str, bytes | str], *, comment: bytes = b"", store: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if store else zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else archive.compression
            archive.writestr(info, body)
        archive.comment = comment
    return out.getvalue()


def xml(body: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + body


# ------------------------------------------------------------------------------------------------ docx


def paragraph(text: str, properties: str = "") -> str:
    return f'<w:p><w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def word_part(root: str, inner: str) -> str:
    return xml(
        f'<w:{root} xmlns:w="{W}" xmlns:r="{R}" xmlns:a="{A}" xmlns:mc="urn:mc" xmlns:v="urn:v" xmlns:wp="urn:wp" '
        f'xmlns:wps="urn:wps" xmlns:w14="urn:w14">{inner}</w:{root}>'
    )


def docx_members(body: str) -> dict[str, bytes | str]:
    return {
        "[Content_Types].xml": xml('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
        "_rels/.rels": xml(f'<Relationships xmlns="{PR}"/>'),
        "word/document.xml": word_part("document", f"<w:body>{body}</w:body>"),
    }


def docx(place: str, text: str) -> bytes:
    """A document with ``text`` in one place and harmless words on the page."""
    said = escape(text)
    body = paragraph(CLEAN)
    more: dict[str, bytes | str] = {}
    box = f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"
    run = f"<w:r><w:t>{said}</w:t></w:r>"
    bodies = {
        "page": paragraph(text),
        "split runs": "<w:p>"
        + "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{escape(c)}</w:t></w:r>" for c in text)
        + "</w:p>",
        "table cell": f"<w:tbl><w:tr><w:tc>{paragraph(text)}</w:tc><w:tc>{paragraph('2')}</w:tc></w:tr></w:tbl>",
        "tracked deletion": f"<w:p><w:del w:author='x'><w:r><w:delText>{said}</w:delText></w:r></w:del></w:p>",
        "tracked insertion": f"<w:p><w:ins w:author='x'>{run}</w:ins></w:p>",
        "moved away": f"<w:p><w:moveFrom>{run}</w:moveFrom></w:p>",
        "hidden text": paragraph(text, "<w:rPr><w:vanish/></w:rPr>"),
        "text box": f"<w:p><w:r><mc:AlternateContent><mc:Choice><wps:txbx>{box}</wps:txbx></mc:Choice></mc:AlternateContent></w:r></w:p>",
        "text box for old programs": f"<w:p><w:r><mc:AlternateContent><mc:Choice/><mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback></mc:AlternateContent></w:r></w:p>",
        "alternative text": f"<w:p><w:r><wp:docPr id='1' name='Picture 1' descr={quoteattr(text)}/></w:r></w:p>",
        "field code": f"<w:p><w:r><w:instrText>{said}</w:instrText></w:r></w:p>",
        "content control": f"<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent>{paragraph(text)}</w:sdtContent></w:sdt>",
        "content control choice": f"<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText={quoteattr(text)} w:value='1'/></w:dropDownList></w:sdtPr></w:sdt>",
        "form field default": f"<w:p><w:r><w:fldChar><w:ffData><w:textInput><w:default w:val={quoteattr(text)}/></w:textInput></w:ffData></w:fldChar></w:r></w:p>",
        "word art": f"<w:p><w:r><w:pict><v:textpath string={quoteattr(text)}/></w:pict></w:r></w:p>",
        "smart tag": f"<w:p><w:smartTag><w:r><w:t>{said}</w:t></w:r></w:smartTag></w:p>",
        "ruby": f"<w:p><w:r><w:ruby><w:rt>{run}</w:rt><w:rubyBase><w:r><w:t>x</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
    }
    members: dict[str, tuple[str, bytes | str]] = {
        "header": ("word/header1.xml", word_part("hdr", paragraph(text))),
        "footer": ("word/footer2.xml", word_part("ftr", paragraph(text))),
        "footnote": ("word/footnotes.xml", word_part("footnotes", f"<w:footnote>{paragraph(text)}</w:footnote>")),
        "endnote": ("word/endnotes.xml", word_part("endnotes", f"<w:endnote>{paragraph(text)}</w:endnote>")),
        "comment": ("word/comments.xml", word_part("comments", f"<w:comment w:author='x'>{paragraph(text)}</w:comment>")),
        "building block": ("word/glossary/document.xml", word_part("glossaryDocument", paragraph(text))),
        "document variable": ("word/settings.xml", word_part("settings", f"<w:docVars><w:docVar w:name='n' w:val={quoteattr(text)}/></w:docVars>")),
        "title property": ("docProps/core.xml", xml(f'<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>{said}</dc:title></cp:coreProperties>')),
        "manager property": ("docProps/app.xml", xml(f"<Properties><Pages>1</Pages><Manager>{said}</Manager></Properties>")),
        "custom property": ("docProps/custom.xml", xml(f'<Properties xmlns:vt="v"><property name="p"><vt:lpwstr>{said}</vt:lpwstr></property></Properties>')),
        "custom XML": ("customXml/item1.xml", xml(f"<case><person>{said}</person></case>")),
        "custom XML attribute": ("customXml/item2.xml", xml(f"<case person={quoteattr(text)}/>")),
        "chart cache": ("word/charts/chart1.xml", xml(f'<c:chart xmlns:c="c"><c:strCache><c:pt idx="0"><c:v>{said}</c:v></c:pt></c:strCache></c:chart>')),
        "smart art": ("word/diagrams/data1.xml", xml(f'<d xmlns:a="{A}"><a:p><a:r><a:t>{said}</a:t></a:r></a:p></d>')),
        "external link": ("word/_rels/document.xml.rels", xml(f'<Relationships xmlns="{PR}"><Relationship Id="r" TargetMode="External" Target={quoteattr(text)}/></Relationships>')),
        "alternative format": ("word/afchunk1.html", f"<html><body><p>{said}</p></body></html>"),
        "embedded document": ("word/embeddings/doc1.docx", zipped(docx_members(paragraph(text)))),
        "embedded text": ("word/embeddings/oleObject1.bin", ole_package("note.txt", text.encode())),
        "macro": ("word/vbaProject.bin", vba_project(f'Sub A()\n\' {text}\nEnd Sub\n')),
        "unlinked part": ("word/unused.xml", word_part("document", paragraph(text))),
    }  # fmt: skip
    if place in bodies:
        body += bodies[place]
    else:
        name, content = members[place]
        more[name] = content
    return zipped({**docx_members(body), **more})


DOCX_PLACES = (
    "page", "split runs", "table cell", "tracked deletion", "tracked insertion", "moved away", "hidden text", "text box",
    "text box for old programs", "alternative text", "field code", "content control", "content control choice",
    "form field default", "word art", "smart tag", "ruby", "header", "footer", "footnote", "endnote", "comment",
    "building block", "document variable", "title property", "manager property", "custom property", "custom XML",
    "custom XML attribute", "chart cache", "smart art", "external link", "alternative format", "embedded document",
    "embedded text", "macro", "unlinked part",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ xlsx


def sheet_xml(rows: str, more: str = "") -> str:
    return xml(f'<worksheet xmlns="{S}" xmlns:r="{R}"><sheetData>{rows}</sheetData>{more}</worksheet>')


def inline_row(number: int, *texts: str) -> str:
    cells = "".join(
        f'<c r="{chr(65 + i)}{number}" t="inlineStr"><is><t>{escape(t)}</t></is></c>' for i, t in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'


def xlsx_members(
    sheets: Mapping[str, tuple[str, str]], more: Mapping[str, bytes | str] | None = None
) -> dict[str, bytes | str]:
    """``sheets`` maps a name to the sheet's XML and its state."""
    listed, related, members = "", "", dict[str, bytes | str]()
    for number, (name, (content, state)) in enumerate(sheets.items(), 1):
        listed += f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"{f" state={quoteattr(state)}" if state else ""}/>'
        related += f'<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml"/>'
        members[f"xl/worksheets/sheet{number}.xml"] = content
    return {
        "[Content_Types].xml": xml('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
        "xl/workbook.xml": xml(f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{listed}</sheets></workbook>'),
        "xl/_rels/workbook.xml.rels": xml(f'<Relationships xmlns="{PR}">{related}</Relationships>'),
        **members,
        **(more or {}),
    }


def xlsx(place: str, text: str) -> bytes:
    said = escape(text)
    clean = inline_row(1, "Item", "Count") + inline_row(2, "fan tray", "two")
    own = inline_row(3, text, "x")
    sheets = {"Sheet1": (sheet_xml(clean), "")}
    cells = {
        "cell": (sheet_xml(clean + own), ""),
        "formula result": (sheet_xml(clean + f'<row r="3"><c r="A3" t="str"><f>B1&amp;B2</f><v>{said}</v></c></row>'), ""),
        "formula constant": (sheet_xml(clean + f'<row r="3"><c r="A3"><f>IF(A1=1,"{said}",0)</f><v>0</v></c></row>'), ""),
        "rich text": (sheet_xml(clean + f'<row r="3"><c r="A3" t="inlineStr"><is><r><rPr><b/></rPr><t>{said[:9]}</t></r><r><t>{said[9:]}</t></r></is></c></row>'), ""),
        "hidden row": (sheet_xml(clean + own.replace("<row ", '<row hidden="1" ')), ""),
        "hidden column": (sheet_xml(clean + own, '<cols><col min="1" max="1" hidden="1"/></cols>'), ""),
        "hidden sheet": (sheet_xml(own), "hidden"),
        "very hidden sheet": (sheet_xml(own), "veryHidden"),
        "page header": (sheet_xml(clean, f"<headerFooter><oddHeader>&amp;C{said}</oddHeader></headerFooter>"), ""),
        "page footer": (sheet_xml(clean, f"<headerFooter><evenFooter>&amp;L{said}</evenFooter></headerFooter>"), ""),
        "validation list": (sheet_xml(clean, f'<dataValidations><dataValidation><formula1>"{said},b"</formula1></dataValidation></dataValidations>'), ""),
        "validation prompt": (sheet_xml(clean, f"<dataValidations><dataValidation prompt={quoteattr(text)}/></dataValidations>"), ""),
        "link tooltip": (sheet_xml(clean, f'<hyperlinks><hyperlink ref="A1" tooltip={quoteattr(text)}/></hyperlinks>'), ""),
        "filter value": (sheet_xml(clean, f"<autoFilter><filterColumn><filters><filter val={quoteattr(text)}/></filters></filterColumn></autoFilter>"), ""),
    }  # fmt: skip
    members: dict[str, tuple[str, bytes | str]] = {
        "comment": ("xl/comments1.xml", xml(f'<comments xmlns="{S}"><commentList><comment ref="A1"><text><r><t>{said}</t></r></text></comment></commentList></comments>')),
        "threaded comment": ("xl/threadedComments/threadedComment1.xml", xml(f"<ThreadedComments><threadedComment><text>{said}</text></threadedComment></ThreadedComments>")),
        "text box": ("xl/drawings/drawing1.xml", xml(f'<d xmlns:a="{A}"><a:p><a:r><a:t>{said}</a:t></a:r></a:p></d>')),
        "chart cache": ("xl/charts/chart1.xml", xml(f'<c:chart xmlns:c="c"><c:strCache><c:pt idx="0"><c:v>{said}</c:v></c:pt></c:strCache></c:chart>')),
        "pivot cache": ("xl/pivotCache/pivotCacheDefinition1.xml", xml(f'<pivotCacheDefinition xmlns="{S}"><cacheFields><cacheField name="n"><sharedItems><s v={quoteattr(text)}/></sharedItems></cacheField></cacheFields></pivotCacheDefinition>')),
        "pivot records": ("xl/pivotCache/pivotCacheRecords1.xml", xml(f'<pivotCacheRecords xmlns="{S}"><r><s v={quoteattr(text)}/></r></pivotCacheRecords>')),
        "external link cache": ("xl/externalLinks/externalLink1.xml", xml(f'<externalLink xmlns="{S}"><sheetData><row><cell r="A1" t="str"><v>{said}</v></cell></row></sheetData></externalLink>')),
        "shared string of no cell": ("xl/sharedStrings.xml", xml(f'<sst xmlns="{S}"><si><t>{said}</t></si></sst>')),
        "query connection": ("xl/connections.xml", xml(f'<connections xmlns="{S}"><connection connectionString="x" description={quoteattr(text)}/></connections>')),
        "subject property": ("docProps/core.xml", xml(f'<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:subject>{said}</dc:subject></cp:coreProperties>')),
        "custom XML": ("customXml/item1.xml", xml(f"<case><person>{said}</person></case>")),
        "embedded document": ("xl/embeddings/doc1.docx", docx("page", text)),
        "macro": ("xl/vbaProject.bin", vba_project(f"' {text}\n")),
        "sheet of no workbook": ("xl/worksheets/sheet9.xml", sheet_xml(own)),
    }  # fmt: skip
    more: dict[str, bytes | str] = {}
    if place in cells:
        sheets["Sheet2"] = cells[place]
    elif place == "defined name":
        workbook = xml(
            f'<workbook xmlns="{S}"><definedNames><definedName name="n">"{said}"</definedName></definedNames></workbook>'
        )
        return zipped({**xlsx_members(sheets), "xl/workbook.xml": workbook})
    elif place == "sheet name":
        return zipped(xlsx_members({escape(text): (sheet_xml(clean), "")}))
    else:
        name, content = members[place]
        more[name] = content
    return zipped(xlsx_members(sheets, more))


XLSX_PLACES = (
    "cell", "formula result", "formula constant", "rich text", "hidden row", "hidden column", "hidden sheet",
    "very hidden sheet", "page header", "page footer", "validation list", "validation prompt", "link tooltip",
    "filter value", "comment", "threaded comment", "text box", "chart cache", "pivot cache", "pivot records",
    "external link cache", "shared string of no cell", "query connection", "subject property", "custom XML",
    "embedded document", "macro", "sheet of no workbook", "defined name", "sheet name",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ pptx


def slide(inner: str, attributes: str = "") -> str:
    return xml(
        f'<p:sld xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}"{attributes}><p:cSld><p:spTree>{inner}</p:spTree></p:cSld></p:sld>'
    )


def shape(text: str, more: str = "") -> str:
    return f"<p:sp>{more}<p:txBody><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"


def pptx(place: str, text: str) -> bytes:
    said = escape(text)
    own = shape(text)
    row = "".join(f"<a:tc><a:txBody><a:p><a:r><a:t>{t}</a:t></a:r></a:p></a:txBody></a:tc>" for t in (said, "b"))
    places: dict[str, tuple[str, bytes | str]] = {
        "slide": ("ppt/slides/slide2.xml", slide(own)),
        "hidden slide": ("ppt/slides/slide2.xml", slide(own, ' show="0"')),
        "table": ("ppt/slides/slide2.xml", slide(f"<p:graphicFrame><a:tbl><a:tr>{row}</a:tr></a:tbl></p:graphicFrame>")),
        "speaker notes": ("ppt/notesSlides/notesSlide1.xml", slide(own)),
        "slide master": ("ppt/slideMasters/slideMaster1.xml", slide(own)),
        "slide layout": ("ppt/slideLayouts/slideLayout1.xml", slide(own)),
        "comment": ("ppt/comments/comment1.xml", xml(f'<p:cmLst xmlns:p="{P}"><p:cm><p:text>{said}</p:text></p:cm></p:cmLst>')),
        "comment author": ("ppt/commentAuthors.xml", xml(f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor name={quoteattr(text)}/></p:cmAuthorLst>')),
        "alternative text": ("ppt/slides/slide2.xml", slide(shape("x", f"<p:nvSpPr><p:cNvPr descr={quoteattr(text)}/></p:nvSpPr>"))),
        "chart cache": ("ppt/charts/chart1.xml", xml(f'<c:chart xmlns:c="c"><c:strCache><c:pt idx="0"><c:v>{said}</c:v></c:pt></c:strCache></c:chart>')),
        "smart art": ("ppt/diagrams/data1.xml", xml(f'<d xmlns:a="{A}"><a:p><a:r><a:t>{said}</a:t></a:r></a:p></d>')),
        "tag": ("ppt/tags/tag1.xml", xml(f'<p:tagLst xmlns:p="{P}"><p:tag name="n" val={quoteattr(text)}/></p:tagLst>')),
        "title property": ("docProps/core.xml", xml(f'<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>{said}</dc:title></cp:coreProperties>')),
        "embedded workbook": ("ppt/embeddings/book1.xlsx", xlsx("cell", text)),
        "handout master": ("ppt/handoutMasters/handoutMaster1.xml", slide(own)),
    }  # fmt: skip
    types = xml('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
    return zipped({"[Content_Types].xml": types, "ppt/slides/slide1.xml": slide(shape(CLEAN)), **dict([places[place]])})


PPTX_PLACES = (
    "slide", "hidden slide", "table", "speaker notes", "slide master", "slide layout", "comment", "comment author",
    "alternative text", "chart cache", "smart art", "tag", "title property", "embedded workbook", "handout master",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ OpenDocument

_NS = (
    'xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:draw="d" xmlns:style="s" xmlns:presentation="p" '
    'xmlns:dc="dc" xmlns:meta="m" xmlns:form="f" xmlns:xlink="x" xmlns:calcext="c" xmlns:svg="svg"'
)


def odf_members(kind: str, body: str, more: Mapping[str, bytes | str] | None = None) -> dict[str, bytes | str]:
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": xml(f"<office:document-content {_NS}>{body}</office:document-content>"),
        "META-INF/manifest.xml": xml("<manifest/>"),
        **(more or {}),
    }


def odt(place: str, text: str) -> bytes:
    said = escape(text)
    own = f"<text:p>{said}</text:p>"
    bodies = {
        "page": own,
        "heading": f"<text:h>{said}</text:h>",
        "list": f"<text:list><text:list-item>{own}</text:list-item></text:list>",
        "split spans": "<text:p>" + "".join(f"<text:span>{escape(c)}</text:span>" for c in text) + "</text:p>",
        "table": f"<table:table><table:table-row><table:table-cell>{own}</table:table-cell><table:table-cell/></table:table-row></table:table>",
        "comment": f"<text:p>x<office:annotation><dc:creator>y</dc:creator>{own}</office:annotation></text:p>",
        "footnote": f"<text:p>x<text:note><text:note-body>{own}</text:note-body></text:note></text:p>",
        "tracked deletion": f"<text:tracked-changes><text:changed-region><text:deletion>{own}</text:deletion></text:changed-region></text:tracked-changes>",
        "text box": f"<text:p><draw:frame><draw:text-box>{own}</draw:text-box></draw:frame></text:p>",
        "hidden paragraph": f"<text:p><text:hidden-paragraph text:condition='true'/>{said}</text:p>",
        "hidden text field": f"<text:p><text:hidden-text text:string-value={quoteattr(text)}/></text:p>",
        "alternative text": f"<text:p><draw:frame><svg:title>{said}</svg:title></draw:frame></text:p>",
        "variable": f"<text:p><text:user-field-decl office:string-value={quoteattr(text)}/></text:p>",
        "form control": f"<form:form><form:text form:current-value={quoteattr(text)}/></form:form>",
    }  # fmt: skip
    styles = xml(
        f"<office:document-styles {_NS}><style:master-page><style:header>{own}</style:header></style:master-page></office:document-styles>"
    )
    meta = xml(
        f"<office:document-meta {_NS}><office:meta><dc:description>{said}</dc:description></office:meta></office:document-meta>"
    )
    own_field = meta.replace("dc:description", "meta:user-defined")
    inner = xml(f"<office:document-content {_NS}><office:text>{own}</office:text></office:document-content>")
    members: dict[str, tuple[str, bytes | str]] = {
        "header": ("styles.xml", styles),
        "description property": ("meta.xml", meta),
        "own property": ("meta.xml", own_field),
        "embedded object": ("Object 1/content.xml", inner),
        "embedded file": ("Object 2", ole_package("note.txt", text.encode())),
        "macro": ("Basic/Standard/Module1.xml", xml(f"<script:module xmlns:script='s'>{said}</script:module>")),
    }
    body = f"<office:body><office:text><text:p>{CLEAN}</text:p>{bodies.get(place, '')}</office:text></office:body>"
    return zipped(odf_members("text", body, None if place in bodies else dict([members[place]])))


ODT_PLACES = (
    "page", "heading", "list", "split spans", "table", "comment", "footnote", "tracked deletion", "text box",
    "hidden paragraph", "hidden text field", "alternative text", "variable", "form control", "header",
    "description property", "own property", "embedded object", "embedded file", "macro",
)  # fmt: skip


def ods(place: str, text: str) -> bytes:
    said = escape(text)
    cell = f"<table:table-cell office:value-type='string'><text:p>{said}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell}<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>"
    hidden = '<style:style style:name="hid" style:family="table"><style:table-properties table:display="false"/></style:style>'
    tables = {
        "cell": f"<table:table>{row}</table:table>",
        "value without text": f"<table:table><table:table-row><table:table-cell office:string-value={quoteattr(text)}/></table:table-row></table:table>",
        "hidden sheet": f'<table:table table:style-name="hid">{row}</table:table>',
        "hidden row": f"<table:table>{row.replace('<table:table-row', '<table:table-row table:visibility=' + chr(34) + 'collapse' + chr(34))}</table:table>",
        "covered cell": f"<table:table><table:table-row><table:covered-table-cell><text:p>{said}</text:p></table:covered-table-cell></table:table-row></table:table>",
        "comment": f"<table:table><table:table-row><table:table-cell><office:annotation><text:p>{said}</text:p></office:annotation></table:table-cell></table:table-row></table:table>",
        "sheet name": f"<table:table table:name={quoteattr(text)}/>",
        "validation": f"<table:content-validations><table:content-validation table:condition={quoteattr(text)}/></table:content-validations>",
    }  # fmt: skip
    body = (
        f"<office:automatic-styles>{hidden}</office:automatic-styles><office:body><office:spreadsheet>"
        f"<table:table><table:table-row/></table:table>{tables[place]}</office:spreadsheet></office:body>"
    )
    return zipped(odf_members("spreadsheet", body))


ODS_PLACES = (
    "cell", "value without text", "hidden sheet", "hidden row", "covered cell", "comment", "sheet name", "validation",
)  # fmt: skip


def odp(place: str, text: str) -> bytes:
    own = f"<draw:frame><draw:text-box><text:p>{escape(text)}</text:p></draw:text-box></draw:frame>"
    pages = {
        "slide": f"<draw:page>{own}</draw:page>",
        "speaker notes": f"<draw:page><presentation:notes>{own}</presentation:notes></draw:page>",
        "hidden slide": f'<draw:page presentation:visibility="hidden">{own}</draw:page>',
    }
    body = f"<office:body><office:presentation>{pages[place]}</office:presentation></office:body>"
    return zipped(odf_members("presentation", body))


ODP_PLACES = ("slide", "speaker notes", "hidden slide")


# ------------------------------------------------------------------------------------------------ RTF


def rtf_text(text: str) -> str:
    out = []
    for ch in text:
        if ch in "\\{}":
            out.append("\\" + ch)
        elif ord(ch) < 128:
            out.append(ch)
        else:
            units = ch.encode("utf-16-le")
            out += [f"\\u{struct.unpack_from('<h', units, i)[0]}?" for i in range(0, len(units), 2)]
    return "".join(out)


def rtf(place: str, text: str) -> bytes:
    t = rtf_text(text)
    places = {
        "page": t,
        "hexadecimal": "".join(f"\\'{b:02x}" for b in text.encode("cp1252")),
        "split runs": "".join(f"{{\\b {c}}}" if c.strip() else " " for c in text),
        "header": f"{{\\header \\pard {t}\\par}}",
        "footer": f"{{\\footerf \\pard {t}\\par}}",
        "footnote": f"{{\\super\\chftn}}{{\\footnote \\pard {t}}}",
        "comment": f"{{\\*\\atnid R}}{{\\*\\atnauthor X}}\\chatn{{\\*\\annotation \\pard {t}}}",
        "text box": f"{{\\shp{{\\*\\shpinst{{\\sp{{\\sn shapeType}}{{\\sv 202}}}}{{\\shptxt \\pard {t}\\par}}}}}}",
        "property": f"{{\\info{{\\title {t}}}}}",
        "own property": f"{{\\*\\userprops{{\\propname p}}\\proptype30{{\\staticval {t}}}}}",
        "hidden text": f"{{\\v {t}}}",
        "tracked deletion": f"{{\\deleted\\revauthdel1 {t}}}",
        "field code": f'{{\\field{{\\*\\fldinst HYPERLINK "mailto:{t}"}}{{\\fldrslt x}}}}',
        "table cell": f"\\trowd\\cellx1\\intbl {t}\\cell b\\cell\\row",
        "document variable": f"{{\\*\\docvar {{n}}{{{t}}}}}",
        "embedded file": "{\\object\\objemb{\\*\\objdata "
        + ole1_object(ole_package("a.txt", text.encode())).hex()
        + "}}",
    }
    body = places[place]
    return f"{{\\rtf1\\ansi\\ansicpg1252{{\\fonttbl{{\\f0 Arial;}}}}{CLEAN}\\par\n{body}\\par\n}}".encode("ascii")


RTF_PLACES = (
    "page", "hexadecimal", "split runs", "header", "footer", "footnote", "comment", "text box", "property",
    "own property", "hidden text", "tracked deletion", "field code", "table cell", "document variable", "embedded file",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ compound files


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file (MS-CFB, version 3) with the given streams; ``a/b`` is stream b in storage a."""
    names: dict[tuple[str, ...], bytes | None] = {}
    for path, data in streams.items():
        parts = tuple(path.split("/"))
        for size in range(1, len(parts)):
            names.setdefault(parts[:size], None)
        names[parts] = data
    order = [(), *sorted(names, key=lambda p: (len(p), p))]
    index = {path: number for number, path in enumerate(order)}
    mini, sectors = bytearray(), list[bytes]()
    mini_fat: list[int] = []
    fat: list[int] = []
    starts: dict[tuple[str, ...], int] = {}

    def allocate(data: bytes) -> int:
        first = len(fat)
        count = max(1, -(-len(data) // 512))
        for i in range(count):
            sectors.append(data[512 * i : 512 * i + 512].ljust(512, b"\0"))
            fat.append(first + i + 1 if i + 1 < count else 0xFFFFFFFE)
        return first

    for stream in order[1:]:
        content = names[stream]
        if content is None:
            continue
        if len(content) >= 4096:
            starts[stream] = allocate(content)
        elif content:
            starts[stream] = len(mini_fat)
            count = -(-len(content) // 64)
            mini_fat += [len(mini_fat) + i + 1 for i in range(count - 1)] + [0xFFFFFFFE]
            mini += content.ljust(64 * count, b"\0")
    mini_start = allocate(bytes(mini)) if mini else 0xFFFFFFFE
    mini_fat_start = allocate(struct.pack(f"<{len(mini_fat)}I", *mini_fat)) if mini_fat else 0xFFFFFFFE
    mini_fat_count = -(-4 * len(mini_fat) // 512)

    def entry(path: tuple[str, ...]) -> bytes:
        children = [p for p in order[1:] if p[:-1] == path and len(p) == len(path) + 1]
        siblings = [p for p in order[1:] if p and path and p[:-1] == path[:-1] and len(p) == len(path)]
        after = siblings[siblings.index(path) + 1 :] if path else []
        data = names.get(path)
        kind = 5 if not path else 1 if data is None else 2
        name = (path[-1] if path else "Root Entry").encode("utf-16-le") + b"\0\0"
        start = mini_start if not path else starts.get(path, 0xFFFFFFFE if data is not None else 0)
        size = len(mini) if not path else len(data or b"")
        return struct.pack(
            "<64sHBBIII16sIQQIQ", name, len(name), kind, 1, 0xFFFFFFFF, index[after[0]] if after else 0xFFFFFFFF,
            index[children[0]] if children else 0xFFFFFFFF, b"", 0, 0, 0, start, size,
        )  # fmt: skip

    directory = b"".join(entry(path) for path in order)
    directory += (struct.pack("<64sHBBIII", b"", 0, 0, 0, *(0xFFFFFFFF,) * 3) + bytes(48)) * (-len(order) % 4)
    directory_start = allocate(directory)
    fat_sectors = 1
    while (len(fat) + fat_sectors) * 4 > 512 * fat_sectors:
        fat_sectors += 1
    fat_start = len(fat)
    fat += [0xFFFFFFFD] * fat_sectors
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512 * fat_sectors, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, fat_sectors,
        directory_start, 0, 4096, mini_fat_start, mini_fat_count, 0xFFFFFFFE, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *[fat_start + i for i in range(fat_sectors)], *[0xFFFFFFFF] * (109 - fat_sectors))
    return header + b"".join(sectors) + table


def ole_package(name: str, data: bytes) -> bytes:
    """A file put into a document as an OLE package."""
    raw = name.encode() + b"\0"
    body = b"\2\0" + raw + raw + b"\0\0\3\0" + struct.pack("<I", len(raw)) + raw + struct.pack("<I", len(data)) + data
    return compound({"\x01Ole10Native": struct.pack("<I", len(body)) + body, "\x01CompObj": b"x" * 20})


def ole1_object(native: bytes) -> bytes:
    """An OLE 1.0 embedded object as RTF holds it."""
    name = b"Package\0"
    return struct.pack("<III", 0x501, 2, len(name)) + name + struct.pack("<III", 0, 0, len(native)) + native


def vba_compress(data: bytes) -> bytes:
    """A compressed container (MS-OVBA) of literal tokens only."""
    out = b"\1"
    for start in range(0, len(data), 3600):
        piece = data[start : start + 3600]
        chunk = b"".join(b"\0" + piece[i : i + 8] for i in range(0, len(piece), 8))
        out += struct.pack("<H", (len(chunk) - 1) | 0xB000) + chunk
    return out


def vba_project(source: str) -> bytes:
    module = b'Attribute VB_Name = "Module1"\n' + source.encode("cp1252")
    return compound({"VBA/Module1": b"\0" * 33 + vba_compress(module), "VBA/dir": vba_compress(b"x"), "PROJECT": b"ID"})


# ------------------------------------------------------------------------------------------------ Outlook


def msg(
    subject: str = "",
    body: str = "",
    *,
    html: bytes = b"",
    recipient: str = "",
    attachments: Mapping[str, bytes] | None = None,
    inner: Mapping[str, bytes] | None = None,
) -> bytes:
    return compound(msg_streams(subject, body, html=html, recipient=recipient, attachments=attachments, inner=inner))


def msg_streams(
    subject: str = "",
    body: str = "",
    *,
    html: bytes = b"",
    recipient: str = "",
    attachments: Mapping[str, bytes] | None = None,
    inner: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    streams = {"__properties_version1.0": bytes(32), "__substg1.0_001A001F": "IPM.Note".encode("utf-16-le")}
    streams["__substg1.0_0037001F"] = subject.encode("utf-16-le")
    streams["__substg1.0_1000001F"] = body.encode("utf-16-le")
    if html:
        streams["__substg1.0_10130102"] = html
    if recipient:
        streams["__recip_version1.0_#00000000/__substg1.0_3001001F"] = recipient.encode("utf-16-le")
    for number, (name, data) in enumerate((attachments or {}).items()):
        folder = f"__attach_version1.0_#{number:08X}"
        streams[f"{folder}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{folder}/__substg1.0_37010102"] = data
    for name, data in (inner or {}).items():
        streams[f"__attach_version1.0_#000000FF/__substg1.0_3701000D/{name}"] = data
    return streams


def tnef(
    subject: str = "", body: str = "", *, attachments: Mapping[str, bytes] | None = None, message: bytes = b""
) -> bytes:
    def attribute(level: int, identifier: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    def unicode_property(key: int, text: str) -> bytes:
        raw = text.encode("utf-16-le") + b"\0\0"
        return struct.pack("<HHII", 0x1F, key, 1, len(raw)) + raw + bytes(-len(raw) % 4)

    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    out += attribute(1, 0x00018004, subject.encode() + b"\0")
    out += attribute(1, 0x00069003, struct.pack("<I", 1) + unicode_property(0x1000, body))
    for name, data in (attachments or {}).items():
        out += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, name.encode() + b"\0")
        out += attribute(2, 0x0006800F, data)
    if message:
        raw = bytes(16) + message
        body_ = struct.pack("<I", 1) + struct.pack("<HHII", 0x0D, 0x3701, 1, len(raw)) + raw + bytes(-len(raw) % 4)
        out += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00069005, body_)
    return out


# ------------------------------------------------------------------------------------------------ pictures


def png(width: int = 40, height: int = 20, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    rows = zlib.compress((b"\0" + b"\xff" * width) * min(height, 4))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(tag, body) for tag, body in ((b"IHDR", head), *chunks, (b"IDAT", rows), (b"IEND", b""))
    )


def exif(text: bytes, tag: int = 0x010E, order: str = "<") -> bytes:
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}HHHIII", 1, tag, 2, len(text), 26, 0) + text


def jpeg(width: int = 40, height: int = 20, *segments: tuple[int, bytes]) -> bytes:
    out = b"\xff\xd8"
    for marker, body in (*segments, (0xC0, struct.pack(">BHHB", 8, height, width, 1) + bytes(3))):
        out += struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return out + b"\xff\xda\x00\x02" + b"\x12\x34" * 20 + b"\xff\xd9"


# ------------------------------------------------------------------------------------------------ PDF


def pdf(place: str, text: str) -> bytes:
    import pikepdf
    from pikepdf import Array, Dictionary, Name, String

    document = pikepdf.Pdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    resources = Dictionary(Font=Dictionary(F=font))

    def shown(said: str, setup: str = "") -> bytes:
        safe = said.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return f"BT /F 10 Tf {setup} 50 700 Td ({safe}) Tj ET\n".encode("cp1252")

    body = shown(CLEAN)
    setups = {
        "page": "",
        "invisible": "3 Tr",
        "white": "1 1 1 rg",
        "tiny": "0.01 0 0 0.01 0 0 Tm",
        "off page": "1 0 0 1 900 900 Tm",
    }
    if place in setups:
        body += shown(text, setups[place])
    if place == "glyph by glyph":
        body += b"BT /F 10 Tf 50 600 Td " + b" ".join(b"(%c) Tj" % c for c in text.encode("cp1252")) + b" ET\n"
    page = document.add_blank_page(page_size=(595, 842))
    page.obj.Resources = resources
    page.obj.Contents = document.make_stream(body)
    annotation: Dictionary | None = None
    if place == "form object":
        inner = document.make_stream(shown(text))
        inner.Type, inner.Subtype, inner.BBox, inner.Resources = Name.XObject, Name.Form, [0, 0, 600, 900], resources
        resources.XObject = Dictionary(X=inner)
        page.obj.Contents = document.make_stream(body + b"/X Do\n")
    elif place == "annotation":
        annotation = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[0, 0, 9, 9], Contents=String(text))
    elif place == "rich annotation":
        rich = String(f"<body><p>{text}</p></body>")
        annotation = Dictionary(Type=Name.Annot, Subtype=Name.FreeText, Rect=[0, 0, 9, 9], RC=rich)
    elif place == "stamp":
        look = document.make_stream(shown(text))
        look.Type, look.Subtype, look.BBox, look.Resources = Name.XObject, Name.Form, [0, 0, 600, 900], resources
        annotation = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=[0, 0, 595, 842], AP=Dictionary(N=look))
    elif place == "link":
        action = Dictionary(S=Name.URI, URI=String("https://example.com/?q=" + text))
        annotation = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)
    elif place in ("form field", "form default", "form choice", "form tooltip"):
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("f"), Rect=[0, 0, 9, 9])
        key = {"form field": "/V", "form default": "/DV", "form choice": "/Opt", "form tooltip": "/TU"}[place]
        field[key] = Array([String(text)]) if place == "form choice" else String(text)
        document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(field)]))
    elif place == "XFA form":
        stream = document.make_stream(f"<xdp><value>{text}</value></xdp>".encode())
        document.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array([String("datasets"), stream]))
    elif place == "bookmark":
        item = document.make_indirect(Dictionary(Title=String(text)))
        document.Root.Outlines = document.make_indirect(Dictionary(First=item, Last=item, Count=1))
    elif place == "attached file":
        document.attachments["note.txt"] = _attached(document, text.encode(), "note.txt")
    elif place == "attached file name":
        document.attachments[text] = _attached(document, b"x", text)
    elif place == "title property":
        document.docinfo[Name.Title] = text
    elif place == "own property":
        document.docinfo[Name("/Case")] = text
    elif place == "XMP":
        with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:description"] = text
    elif place == "script":
        document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String(f"app.alert('{text}')"))
    elif place == "alternative text":
        document.Root.StructTreeRoot = Dictionary(K=Dictionary(S=Name.Figure, Alt=String(text)))
    elif place == "hidden layer":
        group = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("x")))
        resources.Properties = Dictionary(L=group)
        document.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(OFF=Array([group])))
        page.obj.Contents = document.make_stream(body + b"/OC /L BDC\n" + shown(text) + b"EMC\n")
    if annotation is not None:
        page.obj.Annots = Array([document.make_indirect(annotation)])
    out = io.BytesIO()
    document.save(out, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


PDF_PLACES = (
    "page", "invisible", "white", "tiny", "off page", "glyph by glyph", "form object", "annotation", "rich annotation",
    "stamp", "link", "form field", "form default", "form choice", "form tooltip", "XFA form", "bookmark",
    "attached file", "attached file name", "title property", "own property", "XMP", "script", "alternative text",
    "hidden layer",
)  # fmt: skip


def _attached(document: Any, content: bytes, name: str) -> Any:
    import pikepdf

    return pikepdf.AttachedFileSpec(
        document, content, description="", filename=name, mime_type="text/plain", creation_date="", mod_date=""
    )


def pdf_objects(*objects: bytes) -> bytes:
    """A PDF from its objects, numbered from 1; the first is the catalog."""
    out, offsets = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def pdf_stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n" % (entries, len(data)) + data + b"\nendstream"


def simple_pdf(text: str) -> bytes:
    content = b"BT /F 12 Tf 50 700 Td (%s) Tj ET" % text.encode("cp1252")
    return pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        pdf_stream(content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    )


def revised_pdf(before: str, after: str) -> bytes:
    """A PDF whose page an incremental update replaced: the old text is still in the file."""
    first = simple_pdf(before)
    content = pdf_stream(b"BT /F 12 Tf 50 700 Td (%s) Tj ET" % after.encode("cp1252"))
    offset = len(first)
    update = b"4 0 obj\n" + content + b"\nendobj\n"
    table = offset + len(update)
    previous = first.rindex(b"xref\n0 ")
    update += b"xref\n4 1\n%010d 00000 n \n" % offset
    update += b"trailer\n<</Size 6/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, table)
    return first + update


def encrypted_pdf(text: str, kind: str, password: str) -> bytes:
    import pikepdf

    options = {
        "pdf-aes256": {"R": 6},
        "pdf-aes128": {"R": 4, "aes": True},
        "pdf-rc4-128": {"R": 3, "aes": False, "metadata": False},
        "pdf-rc4-40": {"R": 2, "aes": False, "metadata": False},
        "pdf-owner-only": {"R": 6},
    }[kind]
    user = "" if kind == "pdf-owner-only" else password
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(simple_pdf(text))) as document:
        encryption = pikepdf.Encryption(owner="owner " + password, user=user, **options)  # type: ignore[arg-type]
        document.save(out, encryption=encryption, static_id=True)
    return out.getvalue()
